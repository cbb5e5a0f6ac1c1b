//! What PostgreSQL says of an error, without the values that it quotes.

use crate::Escaped;

/// Classes of SQLSTATE (PostgreSQL, appendix A) whose messages name what a schema has, rights, limits and the server's state, and never a value.
const WITHOUT_VALUES: [&str; 13] = ["08", "0A", "23", "25", "26", "28", "40", "42", "53", "54", "55", "57", "58"];
/// `syntax_error`: says near what, which may be a value where a function makes statements.
const SYNTAX: &str = "42601";

/// Where values begin in the other messages, in whatever language the server speaks.
const BEFORE_VALUES: [char; 12] = [':', '：', '"', '\'', '`', '«', '»', '„', '“', '”', '「', '」'];

/// An error of the database for a log: its SQLSTATE, and its message without the values of rows and callers. What else an error has (detail, hint, context)
/// quotes whole rows, and is not for logs.
pub fn said_by_database(sqlstate: &str, message: &str) -> String {
    let is_plain = sqlstate != SYNTAX && WITHOUT_VALUES.iter().any(|class| sqlstate.starts_with(class));
    let (shown, cut) = match message.find(BEFORE_VALUES).filter(|_| !is_plain) {
        Some(end) => (message[..end].trim_end(), " …"),
        None => (message, ""),
    };
    format!("{sqlstate}: {}{cut}", Escaped(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_the_schema_stays() {
        for (sqlstate, message) in [
            ("23514", "new row for relation \"occurrences\" violates check constraint \"port_is_one\""),
            ("23505", "duplicate key value violates unique constraint \"imports_pkey\""),
            ("42501", "permission denied for function claim_import"),
            ("42883", "function spillway.ingest_batch(uuid, integer) does not exist"),
            ("57014", "canceling statement due to statement timeout"),
            ("0A000", "cached plan must not change result type"),
            ("22012", "division by zero"),
        ] {
            assert_eq!(said_by_database(sqlstate, message), format!("{sqlstate}: {message}"));
        }
    }

    #[test]
    fn no_value_is_left_whatever_it_is_and_however_it_is_quoted() {
        for (sqlstate, message, left) in [
            ("22P02", "invalid input syntax for type integer: \"VALUE\"", "invalid input syntax for type integer …"),
            ("22P02", "invalid input value for enum spillway.severity: \"VALUE\"", "invalid input value for enum spillway.severity …"),
            ("22003", "value \"VALUE\" is out of range for type integer", "value …"),
            ("22007", "invalid value \"VALUE\" for \"DD\"", "invalid value …"),
            ("22021", "invalid byte sequence for encoding \"UTF8\": VALUE", "invalid byte sequence for encoding …"),
            ("22P02", "syntaxe en entrée invalide pour le type integer : « VALUE »", "syntaxe en entrée invalide pour le type integer …"),
            ("22003", "la valeur « VALUE » est en dehors des limites du type integer", "la valeur …"),
            ("42601", "syntax error at or near \"VALUE\"", "syntax error at or near …"),
            ("XX000", "could not find block containing chunk 'VALUE'", "could not find block containing chunk …"),
        ] {
            for value in ["marker", "mar\"ker\" is", "marker: \"x", "\"", "", "mark»er", "a\nmarker\u{1b}[2J", "it's \"marker\": 'x"] {
                assert_eq!(said_by_database(sqlstate, &message.replace("VALUE", value)), format!("{sqlstate}: {left}"));
            }
        }
    }

    #[test]
    fn what_is_said_is_one_line() {
        assert_eq!(said_by_database("57P01", "terminating\nconnection"), r"57P01: terminating\u{a}connection");
        assert_eq!(said_by_database("22000", ""), "22000: ");
    }
}
