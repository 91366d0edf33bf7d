#!/bin/sh
# install_service.sh SERVICE TARGET: a virtual environment at TARGET that holds one service, the kernel, the packages of
# the service's lock, held against their hashes, and nothing else (no pip either); TARGET/bin/serve starts it.
# The Dockerfile runs this, and so do the tests. PYTHON: the interpreter, with pip (default python3).
set -eu
service="$1"
mkdir -p "$2"
target="$(cd "$2" && pwd)"
cd "$(dirname "$0")/../.."
if [ ! -f "services/$service/requirements.lock" ]; then
    echo "install_service.sh: there is no service '$service'" >&2
    exit 2
fi
python="${PYTHON:-python3}"
package="$(printf %s "$service" | tr - _)"

"$python" -m venv --without-pip "$target"
"$python" -m pip --python "$target/bin/python" --disable-pip-version-check install --quiet --no-deps --require-hashes \
    --requirement "services/$service/requirements.lock"

site="$("$target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
cp -R shared/pulsepoint "services/$service/$package" "$site/"
if [ "$service" = gateway ]; then
    cp -R shared/file_import "$site/"
fi
find "$site/pulsepoint" "$site/$package" -name __pycache__ -prune -exec rm -rf {} +
"$target/bin/python" -m compileall -q "$site/pulsepoint" "$site/$package"

if [ "$service" = gateway ]; then
    PYTHON="$python" sh services/gateway/web/build.sh
    cp -R services/gateway/web/dist "$target/web"
fi

# One process with one loop: Cloud Run adds instances, and a second worker would be a second set of connections.
# An idle connection is left to Google's front end, which drops it after 600 seconds: closed here in the moment it is
# used again, that request is lost. https://cloud.google.com/load-balancing/docs/https/request-distribution
# Exec, so that SIGTERM reaches the server. Cloud Run ends what is left ten seconds later.
# https://cloud.google.com/run/docs/container-contract
cat > "$target/bin/serve" <<SERVE
#!/bin/sh
exec "\$(dirname "\$0")/python" -m pulsepoint.runtime.serve --factory $package.main:app --host 0.0.0.0 --port "\${PORT:-8080}" \\
    --loop uvloop --http httptools --workers 1 --no-access-log --no-server-header --log-level warning \\
    --timeout-keep-alive 620 --timeout-graceful-shutdown 5
SERVE
chmod +x "$target/bin/serve"
