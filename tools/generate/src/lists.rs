//! The forms of scanners' reports, as a scan of a shop's network, code and images would fill them.

use crate::escaped;
use crate::template::Template;

/// A CSV export of Nessus.
pub const NESSUS_CSV: Template = Template {
    format: "nessus_csv",
    head: "Plugin ID,CVE,CVSS v2.0 Base Score,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output\n",
    finding: r#""1«kind»","«cve»","«number 1 10».«number 0 10»","«None Low Medium High Critical»","«address»","«tcp udp»","«number 1 9999»","«package» < «fixed» («kind»)","«text 60»","«text 500»","Upgrade to «package» «fixed» or later. «text 60»","https://security.example/advisory/«number 1000 9999»
https://nvd.example/«cve»","
  Path    : /opt/«package»
  Host    : «name»
  Version : «version»

«text 300»"
"#,
    separator: "",
    tail: "",
    kinds: 400,
    escape: |text| text.replace('"', "\"\""),
};

/// OpenVAS's XML report.
pub const OPENVAS: Template = Template {
    format: "openvas",
    head: r#"<report id="8d2f" format_id="a994" extension="xml" content_type="text/xml"><owner><name>admin</name></owner><name>2025-03-11T03:00:00Z</name><report id="8d2f"><gmp><version>22.4</version></gmp><sort><field>severity<order>descending</order></field></sort><scan_run_status>Done</scan_run_status><results start="1" max="-1">
"#,
    finding: r#"<result id="«commit»"><name>«package» &lt; «fixed» Multiple Vulnerabilities («kind»)</name><owner><name>admin</name></owner><modification_time>2025-03-11T04:10:07Z</modification_time><comment></comment><creation_time>2025-03-11T04:10:07Z</creation_time><host>«address»<asset asset_id="«commit»"/><hostname>«name»</hostname></host><port>«number 1 9999»/«tcp udp»</port><nvt oid="1.3.6.1.4.1.25623.1.0.1«kind»"><type>nvt</type><name>«package» &lt; «fixed» Multiple Vulnerabilities («kind»)</name><family>«General Databases Firewalls»</family><cvss_base>«number 1 10».«number 0 10»</cvss_base><severities score="75"><severity type="cvss_base_v3"><origin>NVD</origin><date>2023-07-19T10:15:00Z</date><score>75</score><value>CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:«N L H»/I:N/A:«N L H»</value></severity></severities><tags>cvss_base_vector=AV:N/AC:L/Au:N/C:P/I:N/A:N|summary=«text 120»|insight=«text 400»|affected=«package» before version «fixed».|impact=«text 150»|vuldetect=Checks if a vulnerable version is present on the target host.|solution_type=VendorFix</tags><solution type="VendorFix">Update to version «fixed» or later.</solution><refs><ref type="cve" id="«cve»"/><ref type="url" id="https://security.example/advisory/«number 1000 9999»"/><ref type="url" id="https://lists.example/«cve»"/></refs></nvt><scan_nvt_version>2025-02-11T05:00:00Z</scan_nvt_version><threat>«Log Low Medium High»</threat><severity>«number 1 10».«number 0 10»</severity><qod><value>«30 80 97»</value><type>remote_banner</type></qod><description>Installed version: «version»
Fixed version:     «fixed»
Installation
path / port:       /opt/«package»

«text 150»</description><original_threat>Medium</original_threat><original_severity>5.0</original_severity></result>
"#,
    separator: "",
    tail: "</results></report></report>\n",
    kinds: 400,
    escape: escaped,
};

/// Trivy's JSON report of an image.
pub const TRIVY: Template = Template {
    format: "trivy",
    head: r#"{
  "SchemaVersion": 2,
  "CreatedAt": "2025-03-11T03:00:00.000000000Z",
  "ArtifactName": "registry.example/shop/backend:4.2.0",
  "ArtifactType": "container_image",
  "Metadata": {
    "OS": {
      "Family": "debian",
      "Name": "12.5"
    },
    "RepoTags": [
      "registry.example/shop/backend:4.2.0"
    ]
  },
  "Results": [
    {
      "Target": "registry.example/shop/backend:4.2.0 (debian 12.5)",
      "Class": "os-pkgs",
      "Type": "debian",
      "Vulnerabilities": ["#,
    finding: r#"
        {
          "VulnerabilityID": "«cve»",
          "VendorIDs": [
            "DSA-«number 1000 9999»-1"
          ],
          "PkgID": "«package»-«round»@«version»",
          "PkgName": "«package»-«round»",
          "PkgIdentifier": {
            "PURL": "pkg:deb/debian/«package»-«round»@«version»?arch=amd64\u0026distro=debian-12.5",
            "UID": "«hex 16»"
          },
          "InstalledVersion": "«version»",
          "FixedVersion": "«fixed»",
          "Status": "«fixed affected will_not_fix»",
          "Layer": {
            "Digest": "sha256:«hex 64»",
            "DiffID": "sha256:«hex 64»"
          },
          "SeveritySource": "«nvd debian»",
          "PrimaryURL": "https://avd.example/nvd/«cve»",
          "DataSource": {
            "ID": "debian",
            "Name": "Debian Security Tracker",
            "URL": "https://data.example/debian/security-tracker"
          },
          "Title": "«package»: «text 50»",
          "Description": "«text 500»",
          "Severity": "«LOW MEDIUM HIGH CRITICAL»",
          "CweIDs": [
            "CWE-«20 79 125 416 787»"
          ],
          "VendorSeverity": {
            "debian": «number 1 4»,
            "nvd": «number 1 4»,
            "redhat": «number 1 4»
          },
          "CVSS": {
            "nvd": {
              "V2Vector": "AV:N/AC:L/Au:N/C:«N P»/I:P/A:P",
              "V3Vector": "CVSS:3.1/AV:N/AC:«L H»/PR:N/UI:N/S:U/C:«N L H»/I:H/A:«N L H»",
              "V2Score": «number 2 9».«number 0 10»,
              "V3Score": «number 2 9».«number 0 10»
            },
            "redhat": {
              "V3Vector": "CVSS:3.1/AV:«N L»/AC:L/PR:N/UI:N/S:U/C:«N L H»/I:H/A:N",
              "V3Score": «number 2 9».«number 0 10»
            }
          },
          "References": [
            "https://access.example/security/cve/«cve»",
            "https://bugs.example/show_bug.cgi?id=«number 100000 999999»",
            "https://git.example/«package»/commit/«hex 40»",
            "https://git.example/«package»/security/advisories/«number 1000 9999»",
            "https://lists.example/announce/2023/«number 1000 9999».html",
            "https://nvd.example/vuln/detail/«cve»",
            "https://ubuntu.example/security/notices/USN-«number 1000 9999»-1",
            "https://www.example/records/«cve»"
          ],
          "PublishedDate": "2023-07-19T10:15:00Z",
          "LastModifiedDate": "2024-11-21T08:04:31.123Z"
        }"#,
    separator: ",",
    tail: "\n      ]\n    }\n  ]\n}\n",
    kinds: 10_000,
    escape: json_escaped,
};

/// Grype's JSON report of an image.
pub const GRYPE: Template = Template {
    format: "grype",
    head: "{\n \"matches\": [",
    finding: r#"
  {
   "vulnerability": {
    "id": "«cve»",
    "dataSource": "https://data.example/debian/«cve»",
    "namespace": "debian:distro:debian:12",
    "severity": "«Negligible Low Medium High Critical»",
    "urls": [
     "https://data.example/debian/«cve»"
    ],
    "description": "«text 300»",
    "cvss": [],
    "epss": [
     {
      "cve": "«cve»",
      "epss": 0.00«number 100 999»,
      "percentile": 0.«number 100 999»,
      "date": "2025-03-10"
     }
    ],
    "fix": {
     "versions": [
      "«fixed»"
     ],
     "state": "fixed"
    },
    "advisories": [],
    "risk": 0.«number 100 999»
   },
   "relatedVulnerabilities": [
    {
     "id": "«cve»",
     "dataSource": "https://nvd.example/vuln/detail/«cve»",
     "namespace": "nvd:cpe",
     "severity": "«Low Medium High Critical»",
     "urls": [
      "https://git.example/«package»/commit/«hex 40»",
      "https://lists.example/announce/2023/«number 1000 9999».html",
      "https://security.example/advisory/«number 1000 9999»"
     ],
     "description": "«text 400»",
     "cvss": [
      {
       "source": "nvd@nist.example",
       "type": "Primary",
       "version": "3.1",
       "vector": "CVSS:3.1/AV:N/AC:«L H»/PR:N/UI:N/S:U/C:«N L H»/I:H/A:«N L H»",
       "metrics": {
        "baseScore": «number 2 9».«number 0 10»,
        "exploitabilityScore": 3.9,
        "impactScore": 3.6
       },
       "vendorMetadata": {}
      }
     ]
    }
   ],
   "matchDetails": [
    {
     "type": "exact-indirect-match",
     "matcher": "dpkg-matcher",
     "searchedBy": {
      "distro": {
       "type": "debian",
       "version": "12"
      },
      "namespace": "debian:distro:debian:12",
      "package": {
       "name": "«package»",
       "version": "«version»"
      }
     },
     "found": {
      "versionConstraint": "< «fixed» (deb)",
      "vulnerabilityID": "«cve»"
     }
    }
   ],
   "artifact": {
    "id": "«hex 16»",
    "name": "«package»-«round»",
    "version": "«version»",
    "type": "deb",
    "locations": [
     {
      "path": "/var/lib/dpkg/status.d/«package»-«round»",
      "layerID": "sha256:«hex 64»",
      "accessPath": "/var/lib/dpkg/status.d/«package»-«round»",
      "annotations": {
       "evidence": "primary"
      }
     }
    ],
    "language": "",
    "licenses": [
     "GPL-2",
     "MIT"
    ],
    "cpes": [
     "cpe:2.3:a:«package»-«round»:«package»-«round»:«version»:*:*:*:*:*:*:*"
    ],
    "purl": "pkg:deb/debian/«package»-«round»@«version»?arch=amd64&distro=debian-12",
    "upstreams": [
     {
      "name": "«package»"
     }
    ]
   }
  }"#,
    separator: ",",
    tail: r#"
 ],
 "source": {
  "type": "image",
  "target": {
   "userInput": "registry.example/shop/backend:4.2.0",
   "layers": []
  }
 },
 "distro": {
  "name": "debian",
  "version": "12"
 },
 "descriptor": {
  "name": "grype",
  "version": "0.87.0"
 }
}
"#,
    kinds: 10_000,
    escape: json_escaped,
};

/// Snyk's JSON report: a vulnerability again for each path to it.
pub const SNYK: Template = Template {
    format: "snyk",
    head: "{\n  \"vulnerabilities\": [",
    finding: r###"
    {
      "id": "SNYK-JAVA-«package»-«kind»",
      "title": "«text 30»",
      "CVSSv3": "CVSS:3.1/AV:N/AC:«L H»/PR:N/UI:N/S:U/C:«N L H»/I:H/A:«N L H»",
      "credit": [
        "Unknown"
      ],
      "semver": {
        "vulnerable": [
          "[,«fixed»)"
        ]
      },
      "exploit": "«Unproven Mature»",
      "fixedIn": [
        "«fixed»"
      ],
      "patches": [],
      "insights": {
        "triageAdvice": null
      },
      "language": "java",
      "severity": "«low medium high critical»",
      "cvssScore": «number 2 9».«number 0 10»,
      "functions": [],
      "malicious": false,
      "isDisputed": false,
      "moduleName": "org.example:«package»",
      "references": [
        {
          "url": "https://git.example/«package»/commit/«hex 40»",
          "title": "Commit"
        },
        {
          "url": "https://security.example/advisory/«number 1000 9999»",
          "title": "Advisory"
        }
      ],
      "description": "## Overview\n\nAffected versions of this package are vulnerable. «text 600»\n\n## Remediation\nUpgrade `org.example:«package»` to version «fixed» or higher.\n## References\n- [Commit](https://git.example/«package»/commit)\n",
      "epssDetails": {
        "percentile": "0.«number 10000 99999»",
        "probability": "0.00«number 100 999»",
        "modelVersion": "v2025.03.14"
      },
      "identifiers": {
        "CVE": [
          "«cve»"
        ],
        "CWE": [
          "CWE-«20 79 125 416 787»"
        ]
      },
      "packageName": "org.example:«package»",
      "creationTime": "2023-07-19T10:15:00.000000Z",
      "disclosureTime": "2023-07-18T00:00:00Z",
      "packageManager": "maven",
      "severityWithCritical": "«low medium high critical»",
      "from": [
        "example.shop:backend@4.2.0",
        "example.shop:module-«round»@4.2.0",
        "org.example:«package»@«version»"
      ],
      "upgradePath": [
        false,
        false,
        "org.example:«package»@«fixed»"
      ],
      "isUpgradable": true,
      "isPatchable": false,
      "name": "org.example:«package»",
      "version": "«version»"
    }"###,
    separator: ",",
    tail: r#"
  ],
  "ok": false,
  "dependencyCount": 1200,
  "org": "shop",
  "packageManager": "maven",
  "projectName": "example.shop:backend",
  "displayTargetFile": "pom.xml"
}
"#,
    kinds: 2_000,
    escape: json_escaped,
};

/// Semgrep's JSON report, on one line as it writes it.
pub const SEMGREP: Template = Template {
    format: "semgrep",
    head: r#"{"version":"1.110.0","results":["#,
    finding: r#"{"check_id":"python.lang.security.audit.«package»","path":"«file»","start":{"line":«line»,"col":5,"offset":«number 1000 90000»},"end":{"line":«line»,"col":61,"offset":«number 1000 90000»},"extra":{"metavars":{"$X":{"start":{"line":«line»,"col":13,"offset":«number 1000 90000»},"end":{"line":«line»,"col":20,"offset":«number 1000 90000»},"abstract_content":"request"}},"message":"«text 300»","metadata":{"cwe":["CWE-«20 79 89 502»: Improper Neutralization of Special Elements"],"owasp":["A01:2017 - Injection","A03:2021 - Injection"],"references":["https://docs.example/security/«kind»","https://cheatsheets.example/«package».html"],"category":"security","technology":["«flask django»"],"cwe2022-top25":true,"subcategory":["«audit vuln»"],"likelihood":"«LOW MEDIUM HIGH»","impact":"«LOW MEDIUM HIGH»","confidence":"«LOW MEDIUM HIGH»","license":"Example Rules License v1.0","vulnerability_class":["Improper Validation"],"source":"https://rules.example/r/python.lang.security.audit.«package»","shortlink":"https://rules.example/«hex 4»"},"severity":"«INFO WARNING ERROR»","fingerprint":"«commit»_0","lines":"    cursor.execute(\"select * from orders where id = \" + request.args[\"id\"])","validation_state":"NO_VALIDATOR","engine_kind":"OSS"}}"#,
    separator: ",",
    tail: r#"],"errors":[],"paths":{"scanned":["services"]},"interfile_languages_used":[],"skipped_rules":[]}"#,
    kinds: 400,
    escape: json_escaped,
};

/// Gitleaks's JSON report.
pub const GITLEAKS: Template = Template {
    format: "gitleaks",
    head: "[",
    finding: r#"
 {
  "RuleID": "«package»-token",
  "Description": "Found a token of «package». «text 100»",
  "StartLine": «line»,
  "EndLine": «line»,
  "StartColumn": «number 2 9»,
  "EndColumn": «number 40 90»,
  "Match": "token = \"example_«commit»\"",
  "Secret": "example_«commit»",
  "File": "«file»",
  "SymlinkFile": "",
  "Commit": "«commit»",
  "Entropy": 3.«number 100000 999999»,
  "Author": "«Ada Grace Linus Margaret» Example",
  "Email": "dev«number 1 40»@shop.example",
  "Date": "2024-11-21T08:04:31Z",
  "Message": "«text 60»",
  "Tags": [],
  "Fingerprint": "«commit»:«file»:«package»-token:«line»"
 }"#,
    separator: ",",
    tail: "\n]\n",
    kinds: 150,
    escape: json_escaped,
};

/// Text as it stands in a string of JSON.
fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
