//! What `deny.toml` demands. A key that is not known here is an error: a rule that nobody checks would be none.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Locked, Package, licence};

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) graph: Graph,
    /// cargo-deny's own: its database comes from the net.
    #[serde(rename = "advisories")]
    _advisories: IgnoredAny,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

/// What is looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Graph {
    pub(super) targets: Vec<String>,
    #[serde(rename = "all-features")]
    _all_features: Always,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Licences {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

/// A licence that one package may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    #[serde(rename = "multiple-versions")]
    _multiple_versions: Denied,
    skip: Vec<Skipped>,
}

/// A version that may be there beside another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skipped {
    /// `name@version`, where the version may end early.
    #[serde(rename = "crate")]
    which: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    #[serde(rename = "unknown-registry")]
    _unknown_registry: Denied,
    #[serde(rename = "unknown-git")]
    _unknown_git: Denied,
    allow_registry: Vec<String>,
}

/// The only level that there is here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Denied {
    Deny,
}

/// True.
#[derive(Debug, Deserialize)]
#[serde(try_from = "bool")]
struct Always;

impl TryFrom<bool> for Always {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("it is true here: what a feature needs is a dependency, too") }
    }
}

impl Skipped {
    fn is(&self, name: &str, version: &str) -> bool {
        let Some((skipped, of)) = self.which.split_once('@') else { return false };
        // What stands behind the plus is no part of it.
        let version = version.split('+').next().unwrap_or(version);
        skipped == name && (version == of || version.strip_prefix(of).is_some_and(|rest| rest.starts_with('.')))
    }
}

impl Policy {
    /// What is wrong with the packages that are compiled for one of the targets.
    pub(super) fn faults(&self, packages: &[Package]) -> Vec<String> {
        let mut faults: Vec<String> = packages.iter().filter_map(|package| self.fault_of_licence(package)).collect();
        faults.extend(self.duplicates(packages));
        faults
    }

    fn fault_of_licence(&self, package: &Package) -> Option<String> {
        let Package { name, version, .. } = package;
        let Some(expression) = &package.license else {
            return Some(format!("{name} {version} says no licence: take another crate"));
        };
        let is_allowed = |licence: &str| {
            let excepted =
                self.licenses.exceptions.iter().filter(|exception| exception.name == *name).flat_map(|exception| &exception.allow);
            self.licenses.allow.iter().chain(excepted).any(|allowed| allowed == licence)
        };
        match licence::is_fulfilled(expression, is_allowed) {
            Ok(true) => None,
            Ok(false) => Some(format!("{name} {version} is under {expression}, which is not allowed: take another crate")),
            Err(error) => Some(format!("{name} {version} is under {expression:?}, which is no expression of SPDX: {error}")),
        }
    }

    fn duplicates(&self, packages: &[Package]) -> Vec<String> {
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Package { name, version, .. } in packages {
            if !self.bans.skip.iter().any(|skipped| skipped.is(name, version)) {
                versions.entry(name).or_default().push(version);
            }
        }
        versions.retain(|_, versions| versions.len() > 1);
        let fault = |(name, versions): (&str, Vec<&str>)| {
            format!("{name} is there in the versions {}: leave one, or skip the others in deny.toml with the reason", versions.join(", "))
        };
        versions.into_iter().map(fault).collect()
    }

    /// What is wrong with where a lock file says that packages come from, also those that are compiled nowhere.
    pub(super) fn faults_of_sources(&self, locked: &[Locked]) -> Vec<String> {
        let fault = |Locked { name, version, source, checksum }: &Locked| {
            let source = source.as_ref()?;
            let registry = source.strip_prefix("registry+").or_else(|| source.strip_prefix("sparse+"));
            if !registry.is_some_and(|registry| self.sources.allow_registry.iter().any(|allowed| allowed == registry)) {
                return Some(format!("{name} {version} comes from {source}, which is not allowed: take what crates.io has"));
            }
            checksum.is_none().then(|| format!("{name} {version} has no checksum: let cargo write the lock file anew"))
        };
        locked.iter().filter_map(fault).collect()
    }

    /// What the file allows though nobody needs it any more.
    pub(super) fn unused(&self, packages: &[Package]) -> Vec<String> {
        let Self { bans, licenses, .. } = self;
        let is_gone = |skipped: &&Skipped| !packages.iter().any(|package| skipped.is(&package.name, &package.version));
        let skips = bans.skip.iter().filter(is_gone).map(|skipped| skipped.which.as_str());
        let exceptions = licenses.exceptions.iter().map(|exception| exception.name.as_str());
        let exceptions = exceptions.filter(|name| !packages.iter().any(|package| package.name == *name));
        skips.chain(exceptions).map(|name| format!("{name} is not there any more: take it out of deny.toml")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [graph]
        targets = ["x86_64-unknown-linux-gnu"]
        all-features = true
        [advisories]
        yanked = "deny"
        [licenses]
        allow = ["MIT"]
        exceptions = [{ crate = "roots", allow = ["CDLA-Permissive-2.0"] }]
        [bans]
        multiple-versions = "deny"
        skip = [{ crate = "twice@0.9", reason = "another needs it" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://github.com/rust-lang/crates.io-index"]"#;

    fn policy() -> Policy {
        toml::from_str(POLICY).expect("it is a policy")
    }

    fn package(name: &str, version: &str, license: Option<&str>) -> Package {
        Package { id: format!("{name} {version}"), name: name.into(), version: version.into(), license: license.map(Into::into) }
    }

    fn locked(source: Option<&str>, checksum: Option<&str>) -> [Locked; 1] {
        [Locked { name: "one".into(), version: "1.0.0".into(), source: source.map(Into::into), checksum: checksum.map(Into::into) }]
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_a_fault() {
        let fault = |name, license| policy().faults(&[package(name, "1.0.0", license)]);
        assert_eq!(fault("one", Some("MIT OR GPL-3.0-only")), [""; 0]);
        assert_eq!(fault("one", Some("GPL-3.0-only")), ["one 1.0.0 is under GPL-3.0-only, which is not allowed: take another crate"]);
        assert_eq!(fault("one", None), ["one 1.0.0 says no licence: take another crate"]);
        assert!(fault("one", Some("MIT OR"))[0].contains("no expression of SPDX"));
        assert_eq!(fault("roots", Some("CDLA-Permissive-2.0")), [""; 0], "but for a crate that is excepted");
        assert_eq!(fault("two", Some("CDLA-Permissive-2.0")).len(), 1, "and for no other");
    }

    #[test]
    fn a_second_version_is_a_fault_unless_it_is_skipped() {
        let faults = |first, second| policy().faults(&[package("twice", first, Some("MIT")), package("twice", second, Some("MIT"))]);
        assert_eq!(faults("0.9.1", "0.10.2"), [""; 0]);
        assert_eq!(faults("0.9.1+spec-1.1.0", "0.10.2"), [""; 0]);
        let fault = "twice is there in the versions 0.10.2, 0.11.0: leave one, or skip the others in deny.toml with the reason";
        assert_eq!(faults("0.10.2", "0.11.0"), [fault]);
        assert_eq!(faults("0.90.0", "0.10.2").len(), 1, "0.90 is not 0.9");
    }

    #[test]
    fn a_source_that_is_not_allowed_is_a_fault() {
        let crates = "registry+https://github.com/rust-lang/crates.io-index";
        let faults = |source, checksum| policy().faults_of_sources(&locked(source, checksum));
        assert_eq!(faults(Some(crates), Some("00")), [""; 0]);
        assert_eq!(faults(None, None), [""; 0], "it lies in the repository");
        assert_eq!(faults(Some(crates), None), ["one 1.0.0 has no checksum: let cargo write the lock file anew"]);
        for source in ["registry+https://example.com/index", "git+https://example.com/one#0123", "sparse+https://example.com/"] {
            assert_eq!(
                faults(Some(source), Some("00")),
                [format!("one 1.0.0 comes from {source}, which is not allowed: take what crates.io has")]
            );
        }
    }

    #[test]
    fn what_nobody_needs_any_more_is_not_allowed_any_more() {
        let unused = |packages: &[Package]| policy().unused(packages);
        assert_eq!(unused(&[package("twice", "0.9.4", None), package("roots", "1.0.0", None)]), [""; 0]);
        let faults = ["twice@0.9 is not there any more: take it out of deny.toml", "roots is not there any more: take it out of deny.toml"];
        assert_eq!(unused(&[package("twice", "0.10.0", None)]), faults);
    }

    #[test]
    fn a_rule_that_nobody_checks_is_an_error() {
        for (rule, other) in [
            ("multiple-versions = \"deny\"", "multiple-versions = \"warn\""),
            ("all-features = true", "all-features = false"),
            ("unknown-git = \"deny\"", "unknown-git = \"allow\""),
            ("allow = [\"MIT\"]", "allow = [\"MIT\"]\nconfidence-threshold = 0.5"),
            (", reason = \"another needs it\"", ""),
        ] {
            let changed = POLICY.replace(rule, other);
            assert!(changed != POLICY && toml::from_str::<Policy>(&changed).is_err(), "{other}");
        }
    }
}
