# What tries a running service against its contract: docker build -t concordat-conformance -f operator/conformance.Dockerfile operator
#
# Apart from the operator's image, which holds nothing that makes requests to services.
ARG BASE_IMAGE=python:3.12.14-slim-trixie@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea

FROM ${BASE_IMAGE} AS build
COPY conformance.lock /build/
RUN python3 -m venv /opt/concordat \
 && /opt/concordat/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-compile \
    --require-hashes --no-deps --only-binary :all: -r /build/conformance.lock \
 && /opt/concordat/bin/python -m pip uninstall --yes --quiet --disable-pip-version-check setuptools pip
COPY concordat_contracts/conformance /opt/concordat/src/concordat_contracts/conformance
# Compiled here: the root file system is read-only where it runs.
RUN /opt/concordat/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/concordat

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="Concordat conformance" \
      org.opencontainers.image.description="Tries a running service against its contract" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/concordat /opt/concordat
ENV HOME=/tmp \
    PYTHONPATH=/opt/concordat/src \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /tmp
USER 65532:65532
ENTRYPOINT ["/opt/concordat/bin/python", "-m", "concordat_contracts.conformance"]
