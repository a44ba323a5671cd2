#!/bin/sh
# Greets the world.
echo "hello, world"
