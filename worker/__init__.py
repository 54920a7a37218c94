"""The worker process: settings, wiring, telemetry, health and a graceful stop. Holds no logic."""
