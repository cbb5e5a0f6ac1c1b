//! Nmap XML; not read yet.
pub(super) fn parser() -> super::elements::XmlReport<super::nessus::Nessus> { super::nessus::parser() }
