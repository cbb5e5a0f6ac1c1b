//! Scores of the Common Vulnerability Scoring System from their vectors (specification of version 3.1, section 7.1; version 2, 3.2.1).

/// The version that a vector is of.
pub(super) fn version(vector: &str) -> Option<&'static str> {
    let known = [("CVSS:4.0/", "4.0"), ("CVSS:3.1/", "3.1"), ("CVSS:3.0/", "3.0")];
    let prefixed = known.into_iter().find(|(prefix, _)| vector.starts_with(prefix)).map(|(_, version)| version);
    prefixed.or_else(|| vector.contains("Au:").then_some("2.0"))
}

/// The base score of a vector of version 2 or 3. For version 4 it is a table of its own, which is not kept here.
pub(super) fn base_score(vector: &str) -> Option<f64> {
    match version(vector)? {
        "3.0" | "3.1" => version_3(vector),
        "2.0" => version_2(vector),
        _ => None,
    }
}

fn metric<'a>(vector: &'a str, name: &str) -> Option<&'a str> {
    vector.split(['/', '(', ')']).find_map(|metric| metric.strip_prefix(name)?.strip_prefix(':'))
}

fn version_3(vector: &str) -> Option<f64> {
    let get = |name| metric(vector, name);
    let changed = get("S")? == "C";
    let impact_of = |name| of(get(name)?, &[("H", 0.56), ("L", 0.22), ("N", 0.0)]);
    let iss = 1.0 - (1.0 - impact_of("C")?) * (1.0 - impact_of("I")?) * (1.0 - impact_of("A")?);
    let impact = if changed { 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02).powi(15) } else { 6.42 * iss };
    let privileges = if changed { [("N", 0.85), ("L", 0.68), ("H", 0.5)] } else { [("N", 0.85), ("L", 0.62), ("H", 0.27)] };
    let exploitability = 8.22
        * of(get("AV")?, &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?
        * of(get("AC")?, &[("L", 0.77), ("H", 0.44)])?
        * of(get("PR")?, &privileges)?
        * of(get("UI")?, &[("N", 0.85), ("R", 0.62)])?;
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = if changed { 1.08 * (impact + exploitability) } else { impact + exploitability };
    Some(round_up(sum.min(10.0)))
}

fn version_2(vector: &str) -> Option<f64> {
    let get = |name| metric(vector, name);
    let impact_of = |name| of(get(name)?, &[("N", 0.0), ("P", 0.275), ("C", 0.66)]);
    let impact = 10.41 * (1.0 - (1.0 - impact_of("C")?) * (1.0 - impact_of("I")?) * (1.0 - impact_of("A")?));
    let exploitability = 20.0
        * of(get("AV")?, &[("L", 0.395), ("A", 0.646), ("N", 1.0)])?
        * of(get("AC")?, &[("H", 0.35), ("M", 0.61), ("L", 0.71)])?
        * of(get("Au")?, &[("M", 0.45), ("S", 0.56), ("N", 0.704)])?;
    let factor = if impact > 0.0 { 1.176 } else { 0.0 };
    Some(((0.6 * impact + 0.4 * exploitability - 1.5) * factor * 10.0).round() / 10.0)
}

fn of(value: &str, weights: &[(&str, f64)]) -> Option<f64> {
    weights.iter().find(|(known, _)| *known == value).map(|(_, weight)| *weight)
}

/// To one decimal, up; without what the numbers' representation adds (appendix A of the specification).
fn round_up(score: f64) -> f64 {
    let whole = (score * 100_000.0).round();
    if whole % 10_000.0 == 0.0 { whole / 100_000.0 } else { ((whole / 10_000.0).floor() + 1.0) / 10.0 }
}

#[cfg(test)]
mod tests {
    use super::base_score;

    #[test]
    fn vectors_have_the_scores_of_the_specification() {
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:N", 0.0),
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
            ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 7.5),
        ] {
            assert_eq!(base_score(vector), Some(score), "{vector}");
        }
        assert_eq!(base_score("CVSS:3.1/AV:N"), None);
    }
}
