//! The JSON Schema of the document.

/// As it is served (draft 2020-12).
pub const SCHEMA: &str = include_str!("mapping.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::mapping::Mapping;

    /// A document with everything that there is.
    fn everything() -> Value {
        let steps = json!([
            {"trim": {}}, {"upper": {}}, {"lower": {}}, {"replace": {"from": "a", "to": "b"}}, {"regex_extract": {"pattern": "(a)", "group": 1}},
            {"split": {"by": ",", "index": -1}}, {"pad": {"side": "left", "width": 3, "with": "0"}}, {"map": {"values": {"a": 1}, "else": "error"}},
            {"map": {"values": {"a": null}, "else": {"value": "b"}}}, {"default": {"value": true}}, {"coalesce": {"from": ["b"]}},
            {"concat": {"from": ["b"], "with": "-"}}, {"constant": {"value": "c"}}, {"hash": {}}, {"parse_number": {"decimal": ",", "group": "."}},
            {"json_pointer": {"pointer": "/a"}}, {"unix_time": {"unit": "ms"}}
        ]);
        let check = json!({
            "in": ["a"], "not_in": ["b"], "min": "a", "max": "z", "scale": 1, "precision": 2, "length": {"min": 1, "max": 2}, "matches": "a"
        });
        json!({
            "version": 1,
            "input": {"format": "csv", "delimiter": ";", "quote": "\"", "escape": "\\", "encoding": "utf-8", "header_row": 1, "skip_rows": 1,
                "null": [""], "decimal": ",", "records": "/a", "sheet": "Sheet1"},
            "flatten": {"depth": 1},
            "explode": {"from": "items"},
            "columns": [
                {"to": "a", "from": ["A", "B"], "type": "text", "required": true, "steps": steps, "check": check, "formats": ["%Y"],
                    "timezone": "Europe/Madrid", "on_error": "null", "null": ["-"]},
                {"to": "b", "from": "B"}
            ],
            "ignore": ["c"],
            "where": [{"column": "a", "in": ["a"], "not_in": ["b"], "equals": "a", "is_null": false, "min": "a", "max": "b"}],
            "write": "merge",
            "key": ["a"],
            "unknown_columns": "add",
            "type_errors": "reject",
            "max_rejects": {"rows": 10, "share": 0.5},
            "checks": [{"rows": {"min": 1, "max": 2}}, {"not_null": ["a"]}, {"sum": {"column": "a", "equals": 1}}, {"unique": ["a", "b"]},
                {"references": {"column": "a", "dataset": "d", "to": "e"}}]
        })
    }

    /// Goes through a document and its schema at once.
    struct Walk {
        schema: Value,
        document: Value,
        /// Properties that the document has, as places in the schema.
        met: BTreeSet<String>,
    }

    impl Walk {
        fn at(&self, place: &str) -> &Value {
            self.schema.pointer(place).expect(place)
        }

        /// Names that the types know in a place of the document: an error says them.
        fn known(&self, path: &str, replaced: bool) -> BTreeSet<String> {
            let mut document = self.document.clone();
            let place = document.pointer_mut(path).expect(path);
            match place {
                Value::Object(members) if !replaced => drop(members.insert("?".to_owned(), Value::Null)),
                Value::Object(_) => *place = json!({"?": {}}),
                _ => *place = json!("?"),
            }
            let error = serde_json::from_value::<Mapping>(document).expect_err(path).to_string();
            assert!(error.contains("`?`"), "{path}: {error}");
            error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
        }

        fn walk(&mut self, place: &str, path: &str) {
            let schema = self.at(place).clone();
            let value = self.document.pointer(path).expect(path).clone();
            if let Some(target) = schema["$ref"].as_str() {
                return self.walk(target.trim_start_matches('#'), path);
            }
            if let Some(choices) = schema["oneOf"].as_array() {
                let fits = |choice: &Value| choice["type"] == kind(&value) || choice["$ref"] == "#/$defs/field" && value.is_string();
                let index = choices.iter().position(fits).expect(path);
                return self.walk(&format!("{place}/oneOf/{index}"), path);
            }
            if let Some(properties) = schema["properties"].as_object() {
                assert_eq!(schema["additionalProperties"], false, "{place}");
                let one = schema["maxProperties"] == 1;
                let in_schema: BTreeSet<String> = properties.keys().cloned().collect();
                let known = without(self.known(path, one), path, &["keep", "null", "error"]);
                assert_eq!(in_schema, known, "{place}");
                for name in value.as_object().expect(path).keys() {
                    self.met.insert(format!("{place}/properties/{name}"));
                    self.walk(&format!("{place}/properties/{name}"), &format!("{path}/{name}"));
                }
            }
            if let Some(names) = schema["enum"].as_array() {
                let in_schema: BTreeSet<String> = names.iter().map(|name| name.as_str().expect(place).to_owned()).collect();
                let known = without(self.known(path, false), path, &["value"]);
                assert_eq!(in_schema, known, "{place}");
            }
            for index in 0..value.as_array().map_or(0, Vec::len) {
                self.walk(&format!("{place}/items"), &format!("{path}/{index}"));
            }
        }
    }

    /// What is a name or an object has both in the error, and in two places of the schema.
    fn without(mut known: BTreeSet<String>, path: &str, names: &[&str]) -> BTreeSet<String> {
        known.retain(|name| !path.ends_with("/else") || !names.contains(&name.as_str()));
        known
    }

    fn kind(value: &Value) -> &'static str {
        match value {
            Value::Object(_) => "object",
            Value::Array(_) => "array",
            _ => "string",
        }
    }

    /// All properties of a schema, as places in it.
    fn properties(schema: &Value, place: &str, found: &mut BTreeSet<String>) {
        for (name, value) in schema.as_object().into_iter().flatten() {
            if name == "properties" {
                for (property, value) in value.as_object().expect(place) {
                    found.insert(format!("{place}/properties/{property}"));
                    properties(value, &format!("{place}/properties/{property}"), found);
                }
            } else {
                properties(value, &format!("{place}/{name}"), found);
            }
        }
        for (index, value) in schema.as_array().into_iter().flatten().enumerate() {
            properties(value, &format!("{place}/{index}"), found);
        }
    }

    #[test]
    fn the_schema_and_the_types_know_the_same_names() {
        let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
        let mut walk = Walk { schema, document: everything(), met: BTreeSet::new() };
        walk.walk("", "");
        let mut all = BTreeSet::new();
        properties(&walk.schema, "", &mut all);
        assert_eq!(all, walk.met, "the document has everything");
    }

    #[test]
    fn a_document_is_written_as_it_was_read() {
        let mapping = Mapping::parse(&everything().to_string()).expect("a mapping");
        assert_eq!(serde_json::to_value(&mapping).expect("JSON"), everything());
    }
}
