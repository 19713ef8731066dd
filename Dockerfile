# The service alone, for an ONNX bundle: no TensorFlow in it. See docs/serving.md.
#   docker build -t tunebench-serve .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --stop-timeout 40 -p 127.0.0.1:8000:8000 \
#       -v "$PWD/models/demo:/model:ro" -e TUNEBENCH_TOKEN tunebench-serve
FROM python:3.11-slim AS build
COPY requirements-serve.txt constraints.txt pyproject.toml README.md LICENSE /source/
COPY src /source/src
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --constraint /source/constraints.txt --requirement /source/requirements-serve.txt \
 && /venv/bin/pip install --no-cache-dir --no-deps /source

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home tunebench
COPY --from=build /venv /venv
USER tunebench
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 TUNEBENCH_HOME=/tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=2)"]
ENTRYPOINT ["tunebench", "serve", "/model", "--host", "0.0.0.0", "--port", "8000"]
