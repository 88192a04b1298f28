# Two stages: the first has Node and builds the wheel with the page, the second has neither.
FROM node:20-bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/build-wheel /dist

FROM python:3.11-slim-bookworm
COPY --from=build /src/scripts/install-wheel /src/scripts/healthcheck /opt/build/scripts/
COPY --from=build /src/requirements/runtime.lock /opt/build/requirements/
COPY --from=build /dist/ /opt/build/dist/
RUN python3 /opt/build/scripts/install-wheel /opt/visavis /opt/build/dist/visavis-*.whl \
    && useradd --system --uid 10001 --home-dir /data --create-home visavis
USER visavis
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python3", "/opt/build/scripts/healthcheck", "8080"]
# Configuration comes by VISAVIS_* variables; without a token secret the server says so and stops.
ENTRYPOINT ["/opt/visavis/bin/visavis"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--data", "/data"]
