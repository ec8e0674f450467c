"""The names in a folder of results."""

from api.exports.formats import EXPORTS

SUMMARY = "summary.json"
REPORT = "report.html"

# The files of every recording and their media types, in the order in which they are written: SUMMARY is last.
RESULT_FILES = {export.file: export.media_type for export in EXPORTS if export.file is not None} | {
    REPORT: "text/html",
    SUMMARY: "application/json",
}
