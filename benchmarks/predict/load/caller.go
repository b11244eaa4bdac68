package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

const (
	answerSeconds = 60
	quotedBytes   = 300
)

// caller has one connection and at most one request under way.
type caller struct {
	connection net.Conn
	request    []byte
	latencies  []uint64
	answer     []byte
	bodyStart  int
}

// callUntil calls until the deadline, and once at least: on a busy machine it may come late.
func (c *caller) callUntil(deadline time.Time) error {
	for {
		started := time.Now()
		if len(c.latencies) > 0 && !started.Before(deadline) {
			return nil
		}
		if err := c.call(started); err != nil {
			return err
		}
		c.latencies = append(c.latencies, uint64(time.Since(started)))
	}
}

// call sends the request and reads the answer whole; any status but 2xx is an error.
func (c *caller) call(now time.Time) error {
	if len(c.latencies)%64 == 0 { // a time-out needs no more precision, and setting one costs
		if err := c.connection.SetDeadline(now.Add(answerSeconds * time.Second)); err != nil {
			return err
		}
	}
	if _, err := c.connection.Write(c.request); err != nil {
		return err
	}
	if cap(c.answer) == 0 {
		c.answer = make([]byte, 0, 64*1024)
	}
	c.answer = c.answer[:0]
	for {
		if len(c.answer) == cap(c.answer) {
			c.answer = append(c.answer, 0)[:len(c.answer)]
		}
		count, err := c.connection.Read(c.answer[len(c.answer):cap(c.answer)])
		c.answer = c.answer[:len(c.answer)+count]
		whole, parseErr := c.whole()
		if parseErr != nil {
			return parseErr
		}
		if whole {
			return c.status()
		}
		if err != nil {
			return fmt.Errorf("%w after %d bytes of an answer", err, len(c.answer))
		}
	}
}

// whole tells whether the answer has come to its end.
func (c *caller) whole() (bool, error) {
	end := bytes.Index(c.answer, []byte("\r\n\r\n"))
	if end < 0 {
		return false, nil
	}
	c.bodyStart = end + 4
	if text, found := header(c.answer[:end+2], "content-length"); found {
		length, err := strconv.Atoi(text)
		return err == nil && len(c.answer) >= c.bodyStart+length, err
	}
	if text, found := header(c.answer[:end+2], "transfer-encoding"); found && text == "chunked" {
		return bytes.HasSuffix(c.answer, []byte("\r\n0\r\n\r\n")), nil
	}
	return false, errors.New("an answer with neither Content-Length nor chunks")
}

func (c *caller) status() error {
	if len(c.answer) > 9 && c.answer[9] == '2' {
		return nil
	}
	return fmt.Errorf("answered %q", c.answer[:min(len(c.answer), quotedBytes)])
}

// body is that of the last answer, as it came.
func (c *caller) body() []byte { return c.answer[c.bodyStart:] }

// header returns a header's value; name is in lower case.
func header(head []byte, name string) (string, bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		key, value, found := bytes.Cut(line, []byte(":"))
		if found && len(key) == len(name) && bytes.EqualFold(key, []byte(name)) {
			return string(bytes.TrimSpace(value)), true
		}
	}
	return "", false
}
