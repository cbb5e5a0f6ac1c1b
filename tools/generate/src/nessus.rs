//! A Nessus report as a scan of a company's network gives it.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::dice::Dice;
use crate::network::{NetworkSize, address, mac_address, name};
use crate::{escaped, problems_after, prose};

/// Checks that the made-up scanner has, at most.
const PLUGINS: usize = 2400;

const SERVICES: [(u16, &str, &str); 16] = [
    (0, "tcp", "general"),
    (22, "tcp", "ssh"),
    (25, "tcp", "smtp"),
    (53, "udp", "dns"),
    (80, "tcp", "www"),
    (111, "tcp", "rpc-portmapper"),
    (123, "udp", "ntp"),
    (135, "tcp", "epmap"),
    (161, "udp", "snmp"),
    (389, "tcp", "ldap"),
    (443, "tcp", "www"),
    (445, "tcp", "cifs"),
    (1433, "tcp", "mssql"),
    (3306, "tcp", "mysql"),
    (3389, "tcp", "msrdp"),
    (8080, "tcp", "www"),
];

const SYSTEMS: [&str; 6] = [
    "Linux Kernel 5.15 on Ubuntu 22.04 (jammy)",
    "Linux Kernel 4.18 on Red Hat Enterprise Linux 8",
    "Microsoft Windows Server 2019 Standard 10.0.17763",
    "Microsoft Windows 11 Pro 10.0.22631",
    "VMware ESXi 7.0.3",
    "Cisco IOS 15.2",
];

/// Writes the report, a host at a time.
pub fn nessus(size: NetworkSize, out: &mut impl Write) -> io::Result<()> {
    let mut dice = Dice::new(size.seed);
    let hosts = size.hosts.max(usize::from(size.findings > 0));
    let most = size.findings.div_ceil(hosts.max(1));
    // With as many checks as a host has items twice over, few come up on each host.
    let plugins: Vec<Plugin> = (0..PLUGINS.min(most.saturating_mul(2).max(50))).map(|number| Plugin::new(number, &mut dice)).collect();
    out.write_all(HEAD.as_bytes())?;
    let (mut text, mut written) = (String::new(), 0);
    for number in 0..hosts {
        let host = size.first_host + number;
        // The first hosts take what does not divide evenly.
        let items = size.findings / hosts + usize::from(number < size.findings % hosts);
        begin_host(&mut text, host, &mut dice);
        let start = dice.below(1 << 20) as usize;
        for item in 0..items {
            let plugin = &plugins[(start + item) % plugins.len()];
            plugin.write_item(&mut text, host, item / plugins.len(), &mut dice);
            text.push_str(&PROBLEM.repeat(problems_after(written, size.findings, size.problems)));
            written += 1;
            if text.len() > 256 * 1024 {
                out.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        text.push_str("</ReportHost>\n");
    }
    text.push_str("</Report>\n</NessusClientData_v2>\n");
    out.write_all(text.as_bytes())
}

const HEAD: &str = r#"<?xml version="1.0" ?>
<NessusClientData_v2>
<Policy><policyName>Internal network</policyName>
<Preferences><ServerPreferences><preference><name>max_hosts</name><value>64</value></preference>
<preference><name>plugin_set</name><value>made up</value></preference></ServerPreferences></Preferences></Policy>
<Report name="Internal network" xmlns:cm="http://www.nessus.org/cm">
"#;

/// An item without the id of its plugin.
pub(super) const PROBLEM: &str = "<ReportItem port=\"0\" svc_name=\"general\" protocol=\"tcp\" severity=\"0\">\n</ReportItem>\n";

fn begin_host(text: &mut String, host: usize, dice: &mut Dice) {
    let (address, name, system) = (address(host), name(host), dice.pick(&SYSTEMS));
    let _ = write!(
        text,
        "<ReportHost name=\"{address}\"><HostProperties>\n\
         <tag name=\"HOST_END\">Tue Mar 11 04:{minute:02}:07 2025</tag>\n\
         <tag name=\"host-ip\">{address}</tag>\n<tag name=\"host-fqdn\">{name}</tag>\n\
         <tag name=\"operating-system\">{system}</tag>\n<tag name=\"os\">{os}</tag>\n\
         <tag name=\"mac-address\">{mac}</tag>\n\
         <tag name=\"Credentialed_Scan\">{credentialed}</tag>\n<tag name=\"system-type\">general-purpose</tag>\n\
         <tag name=\"HOST_START\">Tue Mar 11 03:{minute:02}:51 2025</tag>\n</HostProperties>\n",
        mac = mac_address(host),
        minute = dice.below(60),
        os = if system.contains("Windows") { "windows" } else { "linux" },
        credentialed = dice.percent(70),
    );
}

/// A check: what is the same in all of its items is kept as it is written.
struct Plugin {
    service: usize,
    /// Attributes after those of the place.
    head: String,
    /// Elements up to the plugin's output.
    body: String,
    output: String,
}

impl Plugin {
    fn new(number: usize, dice: &mut Dice) -> Self {
        let service = dice.below(u32::try_from(SERVICES.len()).unwrap_or(1)) as usize;
        let product = dice.pick(&["OpenSSH", "Apache", "nginx", "OpenSSL", "PHP", "Samba", "MySQL", "Windows", "Linux kernel", "Java"]);
        let family =
            dice.pick(&["General", "Web Servers", "Misc.", "Windows", "Service detection", "Ubuntu Local Security Checks", "Databases"]);
        let severity = match dice.below(100) {
            0..55 => 0,
            55..62 => 1,
            62..82 => 2,
            82..95 => 3,
            _ => 4,
        };
        let id = 10_000 + number * 37 % 200_000;
        let version = format!("{}.{}.{}", dice.between(1, 12), dice.below(30), dice.below(60));
        let title = match severity {
            0 => format!("{product} Detection (method {number})"),
            _ => format!("{product} < {version} Multiple Vulnerabilities ({number})"),
        };
        let head = format!("severity=\"{severity}\" pluginID=\"{id}\" pluginName=\"{}\" pluginFamily=\"{family}\"", escaped(&title));
        let output_length = dice.between(40, 900);
        let output = escaped(&prose(dice, output_length));
        Self { service, head, body: body(severity, &title, &version, dice), output }
    }

    /// One item; what the round says sets it apart where a host has the check again.
    fn write_item(&self, text: &mut String, host: usize, round: usize, dice: &mut Dice) {
        let (port, protocol, service) = SERVICES[self.service];
        let port = if round == 0 { usize::from(port) } else { 10_000 + (usize::from(port) + round) % 50_000 };
        let _ = writeln!(text, "<ReportItem port=\"{port}\" svc_name=\"{service}\" protocol=\"{protocol}\" {}>", self.head);
        text.push_str(&self.body);
        let _ = write!(text, "<plugin_output>\n  Host    : {}\n  Attempt : {}\n\n", name(host), dice.below(1_000_000));
        text.push_str(&self.output);
        text.push_str("\n</plugin_output>\n</ReportItem>\n");
    }
}

/// The elements of an item that are the same wherever it is found.
fn body(severity: u32, title: &str, version: &str, dice: &mut Dice) -> String {
    const FACTORS: [&str; 5] = ["None", "Low", "Medium", "High", "Critical"];
    let mut body = String::new();
    let mut element = |name: &str, value: &str| {
        let _ = writeln!(body, "<{name}>{}</{name}>", escaped(value));
    };
    let description_length = dice.between(200, 900);
    element("description", &prose(dice, description_length));
    element("fname", "made_up.nasl");
    element("plugin_modification_date", "2025/02/11");
    element("plugin_name", title);
    element("plugin_publication_date", "2023/08/01");
    element("plugin_type", dice.pick(&["remote", "local", "combined"]));
    element("risk_factor", FACTORS[severity as usize]);
    element("script_version", "1.7");
    for _ in 0..dice.below(3) {
        element("see_also", &format!("https://security.example/advisory/{}", dice.below(90_000)));
    }
    element("synopsis", &prose(dice, 40));
    if severity == 0 {
        element("solution", "n/a");
        return body;
    }
    element("solution", &format!("Upgrade to version {version} or later. {}", prose(dice, 80)));
    for _ in 0..dice.between(1, 6) {
        element("cve", &format!("CVE-{}-{:04}", dice.between(2015, 2026), dice.below(30_000)));
    }
    element("cwe", dice.pick(&["20", "79", "119", "125", "200", "287", "416", "787"]));
    let lowest = [0, 1, 40, 70, 90][severity as usize];
    let highest = [0, 39, 69, 89, 100][severity as usize];
    let score = dice.between(lowest, highest + 1);
    let (whole, tenth) = (score / 10, score % 10);
    element("cvss3_base_score", &format!("{whole}.{tenth}"));
    element("cvss3_vector", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:L");
    element("cvss_base_score", &format!("{}.{tenth}", whole.min(9)));
    element("cvss_vector", "CVSS2#AV:N/AC:L/Au:N/C:P/I:P/A:P");
    element("exploit_available", if dice.percent(30) { "true" } else { "false" });
    element("exploitability_ease", dice.pick(&["No known exploits are available", "Exploits are available"]));
    element("vpr_score", &format!("{}.{}", dice.between(1, 10), dice.below(10)));
    element("vuln_publication_date", "2023/07/19");
    body
}
