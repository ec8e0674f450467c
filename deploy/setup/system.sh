#!/bin/sh
# Sees to what tests need from outside Python, an RTSP server and a browser; says what it left out and why.
set -eu
here=$(dirname "$0")

rtsp_server="gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad python3-gi"
browser="chromium fonts-dejavu-core"

missing() {
    for package in "$@"; do
        dpkg-query --show --showformat '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || echo "$package"
    done
}

has_browser() {
    [ -x /usr/bin/chromium ] || ls -d "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium* >/dev/null 2>&1
}

# Where the distribution has no Chromium (Ubuntu's is a snap), Playwright's own, with the libraries it needs.
fetch_browser() {
    if [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; then
        "$1/bin/playwright" install-deps chromium || true
    fi
    "$1/bin/playwright" install chromium
}

# shellcheck disable=SC2046,SC2086  # the lists are meant to split
wanted=$(missing $rtsp_server)
if [ -n "$wanted" ] && ! why=$("$here/apt.sh" $wanted); then
    echo "left out: tests with a real RTSP server: $(echo $wanted) not installed ($why)"
fi

if ! has_browser && ! why=$("$here/apt.sh" $browser); then
    if ! fetch_browser "$1" >/dev/null 2>&1; then
        echo "left out: tests in a real browser: no Chromium ($why; Playwright could not fetch its own)"
    fi
fi
