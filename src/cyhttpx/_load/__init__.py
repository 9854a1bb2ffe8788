"""The load generator behind `cyhttpx load`: options, the run, its numbers, its report, and the server of `--demo`."""
