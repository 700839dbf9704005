#!/usr/bin/env bash
# Gradescope runs this once, when it builds the container.
apt-get update && apt-get install -y python3 python3-pip python3-venv libseccomp2
python3 -m venv /opt/jaxmlp && /opt/jaxmlp/bin/pip install "/autograder/source/jaxmlp[app]"
