#!/bin/sh
# Installs what the tests need besides Python, an RTSP server and a browser; prints what it left out and why.
set -eu
folder=$(dirname "$0")

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

# Installs Playwright's Chromium and its libraries, for distributions without one (Ubuntu's is a snap).
fetch_browser() {
    if [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; then
        "$1/bin/playwright" install-deps chromium || true
    fi
    "$1/bin/playwright" install chromium
}

# shellcheck disable=SC2046,SC2086  # the lists are meant to split
absent=$(missing $rtsp_server)
if [ -n "$absent" ] && ! reason=$("$folder/apt.sh" $absent); then
    echo "left out: tests with a real RTSP server: $(echo $absent) not installed ($reason)"
fi

if ! has_browser && ! reason=$("$folder/apt.sh" $browser); then
    if ! fetch_browser "$1" >/dev/null 2>&1; then
        echo "left out: tests in a real browser: no Chromium ($reason; Playwright could not fetch its own)"
    fi
fi
