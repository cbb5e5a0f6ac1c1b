scoutsuite_results =
{
  "account_id": "shop-project",
  "all_projects": false,
  "last_run": {
    "ruleset_name": "Default",
    "time": "2031-01-01 00:00:00+0000",
    "version": "5.12.0"
  },
  "metadata": {},
  "provider_code": "gcp",
  "provider_name": "Google Cloud Platform",
  "services": {
    "storage": {
      "findings": {
        "storage-public": {
          "checked_items": 3,
          "compliance": [
            {
              "name": "CIS",
              "reference": "5.1",
              "version": "1.0"
            }
          ],
          "dashboard_name": "Buckets",
          "description": "Bucket can be read by everyone",
          "flagged_items": 2,
          "items": [
            "storage.projects.shop.buckets.a.public",
            "storage.projects.shop.buckets.b.public"
          ],
          "level": "danger",
          "path": "storage.projects.id.buckets.id",
          "rationale": "All can be read.<br>By all.",
          "references": [
            "https://guide.example/buckets"
          ],
          "remediation": "Close it.",
          "service": "Cloud Storage"
        },
        "storage-no-log": {
          "checked_items": 3,
          "description": "Bucket without log",
          "flagged_items": 0,
          "items": [],
          "level": "warning",
          "service": "Cloud Storage"
        }
      }
    },
    "iam": {
      "findings": {}
    }
  }
}
