// Command capforge-load sends one HTTP/1.1 request again and again over kept-alive connections, each connection waiting
// for its answer, and reports how long each answer took. It parses no more of an answer than where it ends, so that on
// a small machine the cores are left to the servers.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// report is what goes to standard output.
type report struct {
	Requests   int     `json:"requests"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
}

func main() {
	address := flag.String("address", "", "host:port")
	request := flag.String("request", "", "file with the whole request, head and body")
	latencies := flag.String("latencies", "", "file to write: nanoseconds of each answer, uint64 little endian")
	first := flag.String("answer", "", "file to write: the body of one answer")
	connections := flag.Int("connections", 1, "")
	seconds := flag.Float64("seconds", 1, "")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	if err := run(*address, *request, *latencies, *first, *connections, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, requestFile, latencyFile, answerFile string, connections int, seconds float64) error {
	request, err := os.ReadFile(requestFile)
	if err != nil {
		return err
	}
	callers := make([]*caller, connections)
	for i := range callers {
		connection, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			return err
		}
		defer connection.Close()
		callers[i] = &caller{connection: connection, request: request}
	}
	before, started := cpuSeconds(), time.Now()
	err = callAll(callers, started.Add(time.Duration(seconds*float64(time.Second))))
	done := report{Seconds: time.Since(started).Seconds(), CPUSeconds: cpuSeconds() - before}
	if err != nil {
		return err
	}
	var all []uint64
	for _, one := range callers {
		all = append(all, one.latencies...)
	}
	done.Requests = len(all)
	if err := writeFiles(latencyFile, all, answerFile, callers[0].body()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(done)
}

// callAll lets all connections call until the deadline; the first error of any ends the run.
func callAll(callers []*caller, deadline time.Time) error {
	var group sync.WaitGroup
	failures := make([]error, len(callers))
	for i, one := range callers {
		group.Add(1)
		go func() {
			defer group.Done()
			failures[i] = one.callUntil(deadline)
		}()
	}
	group.Wait()
	return errors.Join(failures...)
}

func writeFiles(latencyFile string, latencies []uint64, answerFile string, answer []byte) error {
	if answerFile != "" {
		if err := os.WriteFile(answerFile, answer, 0o644); err != nil {
			return err
		}
	}
	if latencyFile == "" {
		return nil
	}
	encoded := make([]byte, 0, 8*len(latencies))
	for _, one := range latencies {
		encoded = binary.LittleEndian.AppendUint64(encoded, one)
	}
	return os.WriteFile(latencyFile, encoded, 0o644)
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
