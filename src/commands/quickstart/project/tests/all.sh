#!/bin/sh
# Runs every test; the first that fails ends it.
set -eu
cd "$(dirname "$0")/.."
for test in tests/*_test.sh; do
    sh "$test"
done
echo "all tests passed"
