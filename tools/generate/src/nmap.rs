//! An Nmap report as a scan of services, with the script `vulners`, of a company's network gives it.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::dice::Dice;
use crate::network::{NetworkSize, address, mac_address, name};
use crate::{escaped, problems_after, prose};

/// A service: port, protocol, name, product, the name in its CPE, and the versions that are about.
struct Service(u16, &'static str, &'static str, &'static str, &'static str, [&'static str; 2]);

const SERVICES: [Service; 12] = [
    Service(21, "tcp", "ftp", "vsftpd", "vsftpd_project:vsftpd", ["3.0.3", "3.0.5"]),
    Service(22, "tcp", "ssh", "OpenSSH", "openbsd:openssh", ["8.9p1", "9.6p1"]),
    Service(25, "tcp", "smtp", "Postfix smtpd", "postfix:postfix", ["3.4.13", "3.6.4"]),
    Service(53, "udp", "domain", "ISC BIND", "isc:bind", ["9.16.1", "9.18.18"]),
    Service(80, "tcp", "http", "nginx", "f5:nginx", ["1.18.0", "1.24.0"]),
    Service(143, "tcp", "imap", "Dovecot imapd", "dovecot:dovecot", ["2.3.7", "2.3.16"]),
    Service(389, "tcp", "ldap", "OpenLDAP", "openldap:openldap", ["2.4.49", "2.5.16"]),
    Service(443, "tcp", "https", "Apache httpd", "apache:http_server", ["2.4.41", "2.4.57"]),
    Service(445, "tcp", "netbios-ssn", "Samba smbd", "samba:samba", ["4.13.17", "4.15.13"]),
    Service(3306, "tcp", "mysql", "MySQL", "oracle:mysql", ["5.7.42", "8.0.35"]),
    Service(5432, "tcp", "postgresql", "PostgreSQL DB", "postgresql:postgresql", ["13.12", "15.4"]),
    Service(8080, "tcp", "http-proxy", "Apache Tomcat", "apache:tomcat", ["9.0.31", "10.1.13"]),
];

const SYSTEMS: [&str; 5] =
    ["Linux 5.0 - 5.14", "Linux 4.15 - 5.19", "Microsoft Windows Server 2019", "Microsoft Windows 11 21H2", "VMware ESXi 7.0"];

/// Vulnerabilities that `vulners` lists for one service, at most.
const LISTED: u32 = 4;

/// Writes the report, a host at a time.
pub fn nmap(size: NetworkSize, out: &mut impl Write) -> io::Result<()> {
    let mut dice = Dice::new(size.seed);
    let hosts = size.hosts.max(usize::from(size.findings > 0));
    out.write_all(HEAD.as_bytes())?;
    let (mut text, mut written) = (String::new(), 0);
    for number in 0..hosts {
        let host = size.first_host + number;
        // The first hosts take what does not divide evenly.
        let last = written + size.findings / hosts + usize::from(number < size.findings % hosts);
        begin_host(&mut text, host, &mut dice);
        let start = dice.below(1 << 20) as usize;
        for number in 0.. {
            let room = last - written;
            if room == 0 {
                break;
            }
            let findings = write_port(&mut text, start, number, room, &mut dice);
            text.push_str(
                &PROBLEM.repeat((written..written + findings).map(|item| problems_after(item, size.findings, size.problems)).sum()),
            );
            written += findings;
            if text.len() > 256 * 1024 {
                out.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        end_host(&mut text, &mut dice);
    }
    let _ = write!(
        text,
        "<runstats><finished time=\"1738577160\" timestr=\"Mon Feb  3 10:06:00 2025\" elapsed=\"3960.00\" exit=\"success\"/>\
         <hosts up=\"{hosts}\" down=\"0\" total=\"{hosts}\"/>\n</runstats>\n</nmaprun>\n"
    );
    out.write_all(text.as_bytes())
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
<!-- Nmap 7.95 scan initiated Mon Feb  3 09:00:00 2025 as: nmap -sS -sU -sV -O -p- 10.0.0.0/8 -->
<nmaprun scanner="nmap" args="nmap -sS -sU -sV -O -p- --script vulners 10.0.0.0/8" start="1738573200" startstr="Mon Feb  3 09:00:00 2025" version="7.95" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="65535" services="1-65535"/>
<verbose level="0"/>
<debugging level="0"/>
"#;

/// A port beyond the last one.
pub(super) const PROBLEM: &str =
    "<port protocol=\"tcp\" portid=\"65536\"><state state=\"open\" reason=\"syn-ack\" reason_ttl=\"64\"/></port>\n";

fn begin_host(text: &mut String, host: usize, dice: &mut Dice) {
    let (address, name, mac) = (address(host), name(host), mac_address(host));
    let closed = dice.between(60_000, 65_000);
    let _ = write!(
        text,
        "<host starttime=\"1738573200\" endtime=\"1738577100\"><status state=\"up\" reason=\"arp-response\" reason_ttl=\"0\"/>\n\
         <address addr=\"{address}\" addrtype=\"ipv4\"/>\n<address addr=\"{mac}\" addrtype=\"mac\" vendor=\"Example Networks\"/>\n\
         <hostnames>\n<hostname name=\"{name}\" type=\"PTR\"/>\n</hostnames>\n\
         <ports><extraports state=\"closed\" count=\"{closed}\"><extrareasons reason=\"reset\" count=\"{closed}\" proto=\"tcp\"/></extraports>\n\
         <port protocol=\"tcp\" portid=\"23\"><state state=\"filtered\" reason=\"no-response\" reason_ttl=\"0\"/></port>\n"
    );
}

fn end_host(text: &mut String, dice: &mut Dice) {
    let _ = write!(
        text,
        "</ports>\n<os><osmatch name=\"{}\" accuracy=\"{}\" line=\"1\"/></os>\n\
         <uptime seconds=\"86400\" lastboot=\"Sun Feb  2 09:{:02}:30 2025\"/>\n<distance value=\"{}\"/>\n</host>\n",
        dice.pick(&SYSTEMS),
        dice.between(88, 101),
        dice.below(60),
        dice.between(1, 5),
    );
}

/// Writes a port of a host, the first ones those of well-known services, and at most so many findings; gives how many.
fn write_port(text: &mut String, start: usize, number: usize, room: usize, dice: &mut Dice) -> usize {
    let known = number < SERVICES.len();
    let service = &SERVICES[(start + number) % SERVICES.len()];
    let Service(port, protocol, name, product, cpe, versions) = service;
    let port = if known { usize::from(*port) } else { 10_000 + number % 55_000 };
    let _ = write!(text, "<port protocol=\"{protocol}\" portid=\"{port}\"><state state=\"open\" reason=\"syn-ack\" reason_ttl=\"64\"/>");
    if !known {
        let said = escaped(&prose(dice, 60)).replace('\n', "&#xa;");
        let _ = writeln!(text, "<service name=\"unknown\" method=\"table\" conf=\"3\"/><script id=\"banner\" output=\"{said}\"/></port>");
        return 1;
    }
    let version = dice.pick(versions);
    let cpe = format!("cpe:/a:{cpe}:{version}");
    let _ = write!(
        text,
        "<service name=\"{name}\" product=\"{product}\" version=\"{version}\" method=\"probed\" conf=\"10\"><cpe>{cpe}</cpe></service>"
    );
    let listed = if dice.percent(40) { (dice.below(LISTED) as usize + 1).min(room - 1) } else { 0 };
    if listed > 0 {
        // Of a version of a product the same ones are known on every host.
        let first = (version.bytes().map(usize::from).sum::<usize>() * 131 + product.len() * 17) % 20_000;
        write_vulnerabilities(text, &cpe, first..first + listed);
    }
    text.push_str("</port>\n");
    1 + listed
}

fn write_vulnerabilities(text: &mut String, cpe: &str, numbers: std::ops::Range<usize>) {
    let _ = writeln!(text, "<script id=\"vulners\" output=\"&#xa;  {cpe}: &#xa;\"><table key=\"{cpe}\">");
    for number in numbers {
        let score = 20 + number * 7 % 80;
        let _ = writeln!(
            text,
            "<table>\n<elem key=\"id\">CVE-{}-{number:05}</elem>\n<elem key=\"type\">cve</elem>\n\
             <elem key=\"cvss\">{}.{}</elem>\n<elem key=\"is_exploit\">false</elem>\n</table>",
            2015 + number % 10,
            score / 10,
            score % 10,
        );
    }
    text.push_str("</table></script>");
}
