#!/bin/sh
set -eu
[ "$(sh greet.sh)" = "hello, world" ]
echo "greet: ok"
