"""Predictions per second, latency, CPU and memory: our gateway beside its peers, all in one run.

    make bench-predict                      everything, about 7 minutes
    make bench-predict BENCH=--quick        a minute and a half, rough
    PYTHONPATH=tools python -m benchmarks.predict --only gateway,direct --json out.json

Every peer gets the same 640 x 480 JPEG and serves the same ONNX model (or is given the tensor that our own pixels make
of that JPEG, where it takes no pictures), at 1 and at 8 connections, on two cores together with the client. Each has a
slice in every round, in turning order, and what is compared is the ratio within a round, so that whatever else the
machine does falls on all. Before anything is timed, all answer once and must have found the same boxes.

How each is set up: one process that serves, as its own documentation recommends for production; debug off, access logs
off; the same decoding (our transforms package), the same ONNX Runtime with the same number of threads.

- Triton: real tritonserver with the CPU stand-in's python back end; configured as our agent does, dynamic batching.
- our gateway: its own process with its defaults; its log line per prediction stays on, because it cannot be turned off.
- KServe: `kserve.Model` in `kserve.ModelServer`, one worker, uvloop, the JPEG in base64 by its v1 protocol (its
  v2 costs it more); the transformer asks the same Triton by KServe's own client with the same uint8 tensor, or with
  floats as in KServe's documentation. Its documented `predict` keeps one core busy, so the same is measured with each
  prediction in a thread, too.
- MLServer: a custom runtime in one parallel worker; the JPEG in base64, because its REST takes no binary tensors.
- Envoy: passes the ready tensor on to the same Triton, set up by its own advice on benchmarking.
- the client decodes itself: a Python program of one thread per connection does the gateway's work on the user's side.
- in process: ONNX Runtime in one loop on one thread, no server at all.

The load comes from a compiled client (load/, Go), which leaves the cores to the servers; its own CPU is printed.
"""
