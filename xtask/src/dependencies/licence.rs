//! The licences of a package: an expression of SPDX, `(MIT OR Apache-2.0) AND Unicode-3.0`.

use anyhow::{Result, bail, ensure};

/// How deep parentheses may be.
const MAX_DEPTH: usize = 16;

/// Whether an expression can be fulfilled with the licences that are allowed. `is_allowed` is asked for each, with its exception if it has one.
pub(super) fn is_fulfilled(expression: &str, is_allowed: impl Fn(&str) -> bool) -> Result<bool> {
    let mut reader = Reader { words: words(expression), place: 0, is_allowed: &is_allowed };
    let fulfilled = reader.alternatives(0)?;
    ensure!(reader.peek().is_none(), "{:?} is not expected", reader.peek().unwrap_or_default());
    Ok(fulfilled)
}

/// Old packages write a slash for OR.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Reader<'a, F> {
    words: Vec<String>,
    place: usize,
    is_allowed: &'a F,
}

impl<F: Fn(&str) -> bool> Reader<'_, F> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.place).map(String::as_str)
    }

    /// Goes over the next word if it is this.
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.peek() == Some(word);
        self.place += usize::from(is_next);
        is_next
    }

    /// AND binds closer than OR.
    fn alternatives(&mut self, depth: usize) -> Result<bool> {
        let mut fulfilled = self.all(depth)?;
        while self.takes("OR") {
            fulfilled |= self.all(depth)?;
        }
        Ok(fulfilled)
    }

    fn all(&mut self, depth: usize) -> Result<bool> {
        let mut fulfilled = self.one(depth)?;
        while self.takes("AND") {
            fulfilled &= self.one(depth)?;
        }
        Ok(fulfilled)
    }

    fn one(&mut self, depth: usize) -> Result<bool> {
        if self.takes("(") {
            ensure!(depth < MAX_DEPTH, "parentheses are more than {MAX_DEPTH} deep");
            let fulfilled = self.alternatives(depth + 1)?;
            ensure!(self.takes(")"), "a parenthesis is not closed");
            return Ok(fulfilled);
        }
        let licence = self.name()?;
        if self.takes("WITH") {
            return Ok((self.is_allowed)(&format!("{licence} WITH {}", self.name()?)));
        }
        Ok((self.is_allowed)(&licence))
    }

    fn name(&mut self) -> Result<String> {
        let Some(name) = self.peek().map(str::to_owned) else { bail!("it ends where a licence is expected") };
        ensure!(!["OR", "AND", "WITH", "(", ")"].contains(&name.as_str()), "{name:?} is not expected");
        self.place += 1;
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [&str; 3] = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];

    fn fulfilled(expression: &str) -> Result<bool> {
        is_fulfilled(expression, |licence| ALLOWED.contains(&licence))
    }

    #[test]
    fn one_alternative_is_enough_and_all_that_are_joined_are_needed() {
        for expression in
            ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "MIT AND Zlib", "(GPL-3.0 OR MIT) AND (Zlib)", "GPL-3.0 AND LGPL-3.0 OR MIT"]
        {
            assert!(fulfilled(expression).expect(expression), "{expression}");
        }
        for expression in ["GPL-3.0", "MIT AND GPL-3.0", "GPL-3.0 OR MIT AND LGPL-3.0", "(GPL-3.0 OR MIT) AND LGPL-3.0", "mit"] {
            assert!(!fulfilled(expression).expect(expression), "{expression}");
        }
    }

    #[test]
    fn an_exception_makes_another_licence() {
        assert!(fulfilled("Apache-2.0 WITH LLVM-exception").expect("an expression"));
        assert!(!fulfilled("Apache-2.0").expect("an expression"));
        assert!(!fulfilled("MIT WITH LLVM-exception").expect("an expression"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = format!("{}MIT{}", "(".repeat(1000), ")".repeat(1000));
        for expression in ["", "MIT OR", "OR MIT", "MIT Zlib", "(MIT", "MIT)", "()", "MIT WITH", "MIT WITH OR", &deep] {
            assert!(fulfilled(expression).is_err(), "{expression}");
        }
    }
}
