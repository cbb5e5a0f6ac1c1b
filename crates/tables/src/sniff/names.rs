//! Names of a file's columns as a dataset has them.

use std::collections::{HashMap, HashSet};

use crate::limits;

/// Names of columns that every dataset has.
const RESERVED: [&str; 12] =
    ["_run", "_segment", "_offset", "_rescued", "_updates", "_at", "tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"];

/// Names for the columns of a dataset, as near to those of the file as may be: without control characters and blanks around them, at most
/// [`NAME`](limits::NAME) bytes long, none empty (`column_3`), none twice (`name_2`), and none of the dataset's own (`x_run`).
pub fn clean_names(names: &[String]) -> Vec<String> {
    let clean: Vec<_> = (1_usize..).zip(names).map(|(number, name)| clean_name(name, number)).collect();
    // A name that is in the file is not given to another column.
    let mut taken: HashSet<String> = clean.iter().cloned().collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    clean
        .iter()
        .map(|name| {
            let count = counts.entry(name).or_default();
            *count += 1;
            if *count == 1 {
                return name.clone();
            }
            loop {
                let suffix = format!("_{count}");
                let numbered = format!("{}{suffix}", shortened(name, limits::NAME - suffix.len()));
                if taken.insert(numbered.clone()) {
                    return numbered;
                }
                *count += 1;
            }
        })
        .collect()
}

fn clean_name(name: &str, number: usize) -> String {
    let visible: String = name.chars().filter(|character| !character.is_control()).collect();
    match shortened(visible.trim(), limits::NAME).trim_end() {
        "" => format!("column_{number}"),
        reserved if RESERVED.contains(&reserved) => format!("x{reserved}"),
        name => name.to_owned(),
    }
}

/// As much of a text as so many bytes hold.
fn shortened(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(names: &[&str]) -> Vec<String> {
        clean_names(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_as_near_to_those_of_the_file_as_may_be() {
        assert_eq!(cleaned(&[" Order ID ", "", "a\0b\n", "Größe\u{a0}", "\t"]), ["Order ID", "column_2", "ab", "Größe", "column_5"]);
        assert_eq!(cleaned(&["_run", "_Run", "_at", "_other"]), ["x_run", "_Run", "x_at", "_other"]);
    }

    #[test]
    fn no_name_is_given_twice() {
        assert_eq!(cleaned(&["a", "a", "A", "a", "a_2"]), ["a", "a_3", "A", "a_4", "a_2"]);
        assert_eq!(cleaned(&["column_2", ""]), ["column_2", "column_2_2"]);
        assert_eq!(cleaned(&["x_run", "_run"]), ["x_run", "x_run_2"]);
        let many = cleaned(&["é"; 1000]);
        assert_eq!(many.iter().collect::<HashSet<_>>().len(), 1000);
    }

    #[test]
    fn names_are_cut_between_characters_and_stay_different() {
        let long = "é".repeat(100);
        let names = cleaned(&[&long, &long, &"x".repeat(64)]);
        assert_eq!(names, ["é".repeat(31), format!("{}_2", "é".repeat(30)), "x".repeat(63)]);
    }
}
