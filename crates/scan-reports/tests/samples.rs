//! Reads every sample and compares what it gives with what a person has looked at: `tests/snapshots`, one file a sample.
//! After a change: `cargo insta review`.

mod driver;

use std::fmt::Write;
use std::path::Path;

use driver::{detected, read, samples};
use scan_reports::output_line;

#[test]
fn samples_give_what_their_snapshots_say() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in samples() {
        let name = path.strip_prefix(&testdata).expect("a sample").display().to_string().replace('/', "__");
        let shown = shown(&std::fs::read(&path).expect("a readable sample"), &name);
        settings.bind(|| insta::assert_snapshot!(name, shown));
    }
}

/// The output lines, spread over several lines each, and the error at the end.
fn shown(report: &[u8], name: &str) -> String {
    let Some(format) = detected(report, name) else { return "of no known format\n".to_owned() };
    let reading = read(format, report, || usize::MAX / 2);
    let mut shown = String::new();
    for record in &reading.records {
        let line = output_line(format, record);
        writeln!(shown, "{}", serde_json::to_string_pretty(&without_nothing(line)).expect("JSON")).expect("a string takes all");
    }
    if let Some(error) = reading.error {
        writeln!(shown, "{:?}: {error}", error.kind).expect("a string takes all");
    }
    shown
}

/// Without the fields that say nothing.
fn without_nothing(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            let some = |value: &Value| !(value.is_null() || *value == "" || *value == Value::Array(Vec::new()));
            members.into_iter().map(|(name, value)| (name, without_nothing(value))).filter(|(_, value)| some(value)).collect()
        }
        other => other,
    }
}
