//! Variables: where their values come from, the `{{ name }}` templates over them, and the interfaces by which guests read them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use wasmtime::component::Accessor;

use crate::bindings::fermyon::spin::variables as sync_variables;
use crate::bindings::spin::variables::variables as async_variables;
use crate::guest::{Guest, SpinInterfaces};
use crate::manifest::Variable;

/// Variable names with their values.
pub type Values = BTreeMap<String, String>;

/// Reads the `--variable` options: `name=value`, `name=@file` or `@file.toml` / `@file.json` with many.
pub fn parse_options(options: &[String]) -> Result<Values> {
    let mut values = Values::new();
    for option in options {
        match (option.strip_prefix('@'), option.split_once('=')) {
            (Some(path), _) => values.extend(read_many(Path::new(path))?),
            (None, Some((name, value))) => {
                values.insert(name.to_owned(), value_or_file(value)?);
            }
            (None, None) => bail!("--variable {option}: expected name=value"),
        }
    }
    Ok(values)
}

fn value_or_file(value: &str) -> Result<String> {
    let Some(path) = value.strip_prefix('@') else { return Ok(value.to_owned()) };
    std::fs::read_to_string(path).with_context(|| format!("--variable: cannot read {path}"))
}

fn read_many(path: &Path) -> Result<Values> {
    let text = std::fs::read_to_string(path).with_context(|| format!("--variable: cannot read {}", path.display()))?;
    let values = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str(&text).map_err(anyhow::Error::from),
        Some("toml") => toml::from_str(&text).map_err(anyhow::Error::from),
        _ => bail!("--variable @{}: expected a .toml or .json file", path.display()),
    };
    values.with_context(|| format!("--variable: {} must hold names with strings", path.display()))
}

/// Gives each declared variable its value: the options first, then the environment (`SPIN_VARIABLE_NAME`), then its default.
pub fn resolve(declared: &BTreeMap<String, Variable>, options: &Values, environment: impl Fn(&str) -> Option<String>) -> Result<Values> {
    let mut values = Values::new();
    let mut missing = Vec::new();
    for (name, variable) in declared {
        ensure!(is_variable_name(name), "variable `{name}`: names start with a letter and hold lower-case letters, digits and _");
        let key = environment_key(name);
        let value = options.get(name).cloned().or_else(|| environment(&key)).or_else(|| variable.default.clone());
        match value {
            Some(value) => drop(values.insert(name.clone(), value)),
            None => missing.push(format!("`{name}` (--variable {name}=… or {key}=…)")),
        }
    }
    ensure!(missing.is_empty(), "no value for the required variable {}", missing.join(", "));
    Ok(values)
}

fn environment_key(name: &str) -> String {
    format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Replaces each `{{ name }}` in a text by the variable's value.
pub fn render(template: &str, values: &Values) -> Result<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { bail!("`{template}`: {{{{ without }}}}") };
        let name = name.trim();
        let value = values.get(name).with_context(|| format!("`{template}`: the application has no variable `{name}`"))?;
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// Renders all templates of a table.
pub fn render_all(templates: &BTreeMap<String, String>, values: &Values) -> Result<Values> {
    templates.iter().map(|(name, template)| Ok((name.clone(), render(template, values)?))).collect()
}

/// Why a guest does not get a value; both interfaces have the same two errors.
enum Refusal {
    InvalidName(String),
    Undefined(String),
}

fn look_up(guest: &Guest, name: &str) -> Result<String, Refusal> {
    if !is_variable_name(name) {
        return Err(Refusal::InvalidName(name.to_owned()));
    }
    let value = guest.component.variables.get(name).cloned();
    value.ok_or_else(|| Refusal::Undefined(format!("no variable for {:?}.{name:?}", guest.component.name)))
}

impl sync_variables::Host for Guest {
    fn get(&mut self, name: String) -> wasmtime::Result<Result<String, sync_variables::Error>> {
        Ok(look_up(self, &name).map_err(|refusal| match refusal {
            Refusal::InvalidName(name) => sync_variables::Error::InvalidName(name),
            Refusal::Undefined(message) => sync_variables::Error::Undefined(message),
        }))
    }
}

impl async_variables::Host for Guest {}

impl async_variables::HostWithStore<Guest> for SpinInterfaces {
    async fn get(store: &Accessor<Guest, Self>, name: String) -> wasmtime::Result<Result<String, async_variables::Error>> {
        let found = store.with(|mut access| look_up(access.get(), &name));
        Ok(found.map_err(|refusal| match refusal {
            Refusal::InvalidName(name) => async_variables::Error::InvalidName(name),
            Refusal::Undefined(message) => async_variables::Error::Undefined(message),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(default: Option<&str>) -> BTreeMap<String, Variable> {
        let variable = Variable { default: default.map(str::to_owned), required: default.is_none(), secret: false, description: None };
        BTreeMap::from([("db_url".to_owned(), variable)])
    }

    fn values(value: &str) -> Values {
        Values::from([("db_url".to_owned(), value.to_owned())])
    }

    #[test]
    fn an_option_wins_over_the_environment_and_that_over_the_default() {
        let environment = |key: &str| (key == "SPIN_VARIABLE_DB_URL").then(|| "environment".to_owned());
        let nothing = |_: &str| None;
        let declared = declared(Some("default"));
        assert_eq!(resolve(&declared, &values("option"), environment).unwrap(), values("option"));
        assert_eq!(resolve(&declared, &Values::new(), environment).unwrap(), values("environment"));
        assert_eq!(resolve(&declared, &Values::new(), nothing).unwrap(), values("default"));
    }

    #[test]
    fn a_missing_required_variable_is_named() {
        let error = resolve(&declared(None), &Values::new(), |_| None).unwrap_err().to_string();
        assert!(error.contains("`db_url`") && error.contains("SPIN_VARIABLE_DB_URL"), "{error}");
    }

    #[test]
    fn an_option_may_hold_equal_signs() {
        assert_eq!(parse_options(&["db_url=host=a port=1".to_owned()]).unwrap(), values("host=a port=1"));
        assert!(parse_options(&["db_url".to_owned()]).is_err());
    }

    #[test]
    fn templates_take_any_number_of_variables() {
        let values = Values::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(render("x{{a}}y{{ b }}z", &values).unwrap(), "x1y2z");
        assert_eq!(render("plain", &values).unwrap(), "plain");
        assert!(render("{{ c }}", &values).unwrap_err().to_string().contains("`c`"));
        assert!(render("{{ a", &values).is_err());
    }
}
