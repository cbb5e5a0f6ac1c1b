//! `docs/reference.html`, the API as a page: of `docs/openapi.yaml`, without a script, and without anything of another host.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// What the page looks like, light and dark.
const STYLE: &str = include_str!("reference.css");

/// Bytes of a schema that is written in one line.
const WIDTH: usize = 100;

/// How a schema is named in what is escaped.
const REFERENCE: &str = "&quot;#/components/schemas/";

/// Methods in the order in which a path shows them.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page.
pub(crate) fn page(document: &Value) -> String {
    let title = text(&document["info"]["title"]);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: API</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<nav aria-label=\"Contents\">\n"
    );
    let tags: Vec<&str> = list(&document["tags"]).filter_map(|tag| tag["name"].as_str()).collect();
    for tag in &tags {
        let _ = write!(html, "<h2><a href=\"#tag-{tag}\">{tag}</a></h2>\n<ul>\n");
        for (method, path, operation) in operations(document, tag) {
            let _ = writeln!(html, "<li><a href=\"#{}\">{}</a></li>", text(&operation["operationId"]), line(method, path));
        }
        html.push_str("</ul>\n");
    }
    let _ = write!(html, "<h2><a href=\"#schemas\">schemas</a></h2>\n</nav>\n<main>\n<h1>{title}</h1>\n");
    html.push_str(&prose(&document["info"]["summary"]));
    html.push_str(&prose(&document["info"]["description"]));
    html.push_str("<p>For programs: <a href=\"/api/v1/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n");
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        let _ = write!(html, "<h2 id=\"tag-{name}\">{name}</h2>\n{}", prose(&tag["description"]));
        for (method, path, operation) in operations(document, &name) {
            html.push_str(&section(document, method, path, operation));
        }
    }
    html.push_str("<h2 id=\"schemas\">schemas</h2>\n");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let _ = write!(html, "<h3 id=\"schema-{name}\">{name}</h3>\n{}{}", prose(&schema["description"]), shape(schema));
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

/// The operations of a tag: method, path, and what is said of it.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<(&'static str, &'a str, &'a Value)> {
    let of_path = |(path, item): (&'a String, &'a Value)| METHODS.map(|method| (method, path.as_str(), &item[method]));
    let all = members(&document["paths"]).flat_map(of_path);
    all.filter(|(_, _, operation)| list(&operation["tags"]).any(|of| of == tag)).collect()
}

fn section(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let id = text(&operation["operationId"]);
    let mut html =
        format!("<section id=\"{id}\">\n<h3>{}</h3>\n<p><strong>{}</strong></p>\n", line(method, path), text(&operation["summary"]));
    html.push_str(&prose(&operation["description"]));
    let parameters: Vec<&Value> = list(&document["paths"][path]["parameters"])
        .chain(list(&operation["parameters"]))
        .map(|parameter| resolved(document, parameter))
        .collect();
    if !parameters.is_empty() {
        html.push_str("<table>\n<caption>Parameters</caption>\n<tr><th scope=\"col\">name</th><th scope=\"col\">in</th><th scope=\"col\">what</th></tr>\n");
        for parameter in parameters {
            let schema = if parameter["schema"].is_null() { &parameter["content"] } else { &parameter["schema"] };
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}{}</td></tr>",
                text(&parameter["name"]),
                text(&parameter["in"]),
                prose(&parameter["description"]),
                shape(schema)
            );
        }
        html.push_str("</table>\n");
    }
    if !operation["requestBody"].is_null() {
        html.push_str("<h4>Body</h4>\n");
        html.push_str(&contents(resolved(document, &operation["requestBody"])));
    }
    html.push_str("<h4>Answers</h4>\n<dl>\n");
    for (status, answer) in members(&operation["responses"]) {
        let _ = writeln!(html, "<dt><code>{status}</code></dt><dd>{}</dd>", contents(resolved(document, answer)));
    }
    html.push_str("</dl>\n</section>\n");
    html
}

/// What a body or an answer is, by its media types. Of problems the schema is told once.
fn contents(of: &Value) -> String {
    let mut html = prose(&of["description"]);
    for (kind, content) in members(&of["content"]).filter(|(kind, _)| *kind != "application/problem+json") {
        let _ = writeln!(html, "<details><summary><code>{}</code></summary>{}</details>", escaped(kind), shape(&content["schema"]));
    }
    html
}

/// A schema as it is written, with links to those that it names.
fn shape(schema: &Value) -> String {
    let line = schema.to_string();
    let json = if line.len() <= WIDTH { line } else { serde_json::to_string_pretty(schema).unwrap_or_default() };
    let mut html = String::from("<pre>");
    let mut rest = escaped(&json);
    while let Some((before, after)) = rest.split_once(REFERENCE) {
        let (name, after) = after.split_once("&quot;").unwrap_or((after, ""));
        let _ = write!(html, "{before}<a href=\"#schema-{name}\">{name}</a>");
        rest = after.to_owned();
    }
    html.push_str(&rest);
    html.push_str("</pre>\n");
    html
}

/// What a reference stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn line(method: &str, path: &str) -> String {
    format!("<code class=\"{method}\">{}</code> <code>{}</code>", method.to_uppercase(), escaped(path))
}

/// Paragraphs of a description, with what is code or strong in them (CommonMark, of which the document uses no more).
fn prose(value: &Value) -> String {
    let paragraphs = value.as_str().unwrap_or_default().split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let marked = |paragraph| marked(&marked(&escaped(paragraph), "**", "strong"), "`", "code");
    paragraphs.flat_map(|paragraph| ["<p>".to_owned(), marked(paragraph), "</p>\n".to_owned()]).collect()
}

/// Every second piece between marks is an element.
fn marked(text: &str, mark: &str, element: &str) -> String {
    let pieces = text.split(mark).enumerate();
    pieces.map(|(index, piece)| if index % 2 == 1 { format!("<{element}>{piece}</{element}>") } else { piece.to_owned() }).collect()
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_shows_each_operation_and_what_it_names_and_nothing_is_markup_that_is_text() {
        let document = json!({
            "info": {"title": "T", "summary": "<b>", "description": "One `a` **b**.\n\nTwo."},
            "tags": [{"name": "things", "description": "d"}],
            "paths": {"/a/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "get": {"operationId": "getA", "tags": ["things"], "summary": "S", "responses": {
                    "200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
            "components": {"parameters": {"Id": {"name": "id", "in": "path", "schema": {"type": "string"}}}, "schemas": {"A": {"description": "x < y"}}}
        });
        let html = page(&document);
        for part in [
            "<p>&lt;b&gt;</p>",
            "<p>One <code>a</code> <strong>b</strong>.</p>\n<p>Two.</p>",
            "href=\"#getA\"",
            "<section id=\"getA\">",
            "<code>id</code>",
            "<a href=\"#schema-A\">A</a>",
            "<h3 id=\"schema-A\">A</h3>\n<p>x &lt; y</p>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
