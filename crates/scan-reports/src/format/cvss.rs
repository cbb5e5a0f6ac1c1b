//! Scores of the Common Vulnerability Scoring System from their vectors.

use ::cvss::Cvss;

/// The version that a vector is of.
pub(super) fn version(vector: &str) -> Option<&'static str> {
    let known = [("CVSS:4.0/", "4.0"), ("CVSS:3.1/", "3.1"), ("CVSS:3.0/", "3.0")];
    let prefixed = known.into_iter().find(|(prefix, _)| vector.starts_with(prefix)).map(|(_, version)| version);
    prefixed.or_else(|| vector.contains("Au:").then_some("2.0"))
}

/// The score of a vector: of versions 2 and 3 the base score, of version 4 the one that all its metrics have together (specification of
/// version 4.0, section 8). None where it is broken or not complete.
pub(super) fn score(vector: &str) -> Option<f64> {
    // In databases, vectors of version 2 stand in parentheses (guide to version 2, section 2.4), and some write its version before them.
    let vector = vector.trim_matches(['(', ')', '/', ' ']);
    let read: Cvss = vector.strip_prefix("CVSS:2.0/").unwrap_or(vector).parse().ok()?;
    // The library takes what is missing in version 3 for none, and gives 0.
    let is_complete = match &read {
        Cvss::CvssV30(v) | Cvss::CvssV31(v) => {
            v.av.is_some()
                && v.ac.is_some()
                && v.pr.is_some()
                && v.ui.is_some()
                && v.s.is_some()
                && v.c.is_some()
                && v.i.is_some()
                && v.a.is_some()
        }
        _ => true,
    };
    is_complete.then(|| read.score())
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn vectors_have_the_scores_of_the_specification() {
        for (vector, expected) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C/", 9.8),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:N", 0.0),
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
            ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 7.5),
            ("CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5),
        ] {
            assert_eq!(score(vector), Some(expected), "{vector}");
        }
    }

    /// FIRST, "Common Vulnerability Scoring System version 4.0: Examples".
    #[test]
    fn vectors_of_version_4_have_the_scores_of_its_examples() {
        for (cve, vector, expected) in [
            ("CVE-2022-41741", "AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
            ("CVE-2020-3549", "AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7),
            ("CVE-2023-3089", "AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.3),
            ("CVE-2023-3089, with requirements", "AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N/CR:H/IR:L/AR:L", 8.1),
            ("CVE-2021-44714", "AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 4.6),
            ("CVE-2022-21830", "AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1),
            ("CVE-2022-22186", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N", 6.9),
            ("CVE-2023-21989", "AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N", 5.9),
            ("CVE-2023-30560", "AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:H/SA:N/S:P/V:D", 8.3),
            ("CVE-2014-0160", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:A", 8.7),
            ("CVE-2021-44228", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
        ] {
            assert_eq!(score(&format!("CVSS:4.0/{vector}")), Some(expected), "{cve}: {vector}");
        }
    }

    #[test]
    fn every_vector_of_version_4_has_a_score_and_no_part_of_one() {
        let whole = "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:L/VA:L/SC:L/SI:L/SA:L/E:U/CR:L/IR:L/AR:L/MAV:P/MSI:S/MSA:S";
        assert_eq!(score(whole).map(|score| (0.0..=10.0).contains(&score)), Some(true));
        let mandatory = whole.find("/E:").expect("where the optional metrics begin");
        for end in 0..mandatory {
            assert_eq!(score(&whole[..end]), None, "{}", &whole[..end]);
        }
        let exploitability = [["N", "L", "P"], ["L", "H", "H"], ["N", "P", "P"], ["N", "L", "H"], ["N", "P", "A"]];
        for combination in (0..3_usize.pow(11)).step_by(101) {
            let mut left = combination;
            let mut pick = |values: [&'static str; 3]| {
                let value = values[left % 3];
                left /= 3;
                value
            };
            let [av, ac, at, pr, ui] = exploitability.map(&mut pick);
            let [vc, vi, va, sc, si, sa] = [["N", "L", "H"]; 6].map(&mut pick);
            let vector = format!("CVSS:4.0/AV:{av}/AC:{ac}/AT:{at}/PR:{pr}/UI:{ui}/VC:{vc}/VI:{vi}/VA:{va}/SC:{sc}/SI:{si}/SA:{sa}");
            assert_eq!(score(&vector).map(|score| (0.0..=10.0).contains(&score)), Some(true), "{vector}");
        }
    }

    #[test]
    fn what_is_no_vector_has_no_score() {
        let (many, long) = ("/AV:N".repeat(10_000), "9".repeat(10_000));
        for vector in [
            "",
            "/",
            ":",
            "()",
            "CVSS:",
            "CVSS:4.0",
            "CVSS:4.0/",
            "CVSS:4.0//",
            "CVSS:5.0/AV:N",
            "CVSS:99999999999999999999.0/AV:N",
            "CVSS:3.1/AV:N",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
            "CVSS:3.1/AV:Ä/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:4.0/AV:N:N/AC:L",
            "CVSS:4.0/AV:\0/\u{1F480}:\u{202E}",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/AV:N",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:S",
            "AV:N/AC:L/Au:N/C:N/I:N",
            "Au:",
            &format!("CVSS:4.0{many}"),
            &format!("CVSS:3.1{many}"),
            &format!("CVSS:4.{long}/AV:N"),
        ] {
            assert_eq!(score(vector), None, "{vector}");
        }
    }
}
