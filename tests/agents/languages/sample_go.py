"""An adder in Go, as an engineer of that language would lay it out."""

from __future__ import annotations

from agents.plan import Commands
from tests.agents.languages.sample import PROBES, Sample

GO = Sample(
    files={
        "go.mod": "module adder\n\ngo 1.24\n",
        "cmd/adder/main.go": """// Command adder adds numbers over HTTP.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"

	"adder/internal/sums"
)

func handle(w http.ResponseWriter, r *http.Request) {
	a, errA := strconv.ParseFloat(r.URL.Query().Get("a"), 64)
	b, errB := strconv.ParseFloat(r.URL.Query().Get("b"), 64)
	if errA != nil || errB != nil {
		http.Error(w, "a and b must be numbers", http.StatusBadRequest)
		return
	}
	sum, err := sums.Add(a, b)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := json.NewEncoder(w).Encode(map[string]float64{"sum": sum}); err != nil {
		log.Print(err)
	}
}

func main() {
	http.HandleFunc("GET /sum", handle)
	port := os.Getenv("PORT")
	if port == "" {
		port = "8000"
	}
	log.Fatal(http.ListenAndServe(os.Getenv("HOST")+":"+port, nil))
}
""",
        "internal/sums/sums.go": """// Package sums adds numbers.
package sums

import (
	"errors"
	"math"
)

// Add gives the sum of two numbers.
func Add(a, b float64) (float64, error) {
	if math.IsNaN(a) || math.IsNaN(b) {
		return 0, errors.New("not a number")
	}
	return a + b, nil
}
""",
        "internal/sums/sums_test.go": """package sums

import "testing"

func TestAdd(t *testing.T) { // AC-1
	if sum, err := Add(1, 2); err != nil || sum != 3 {
		t.Fatalf("1 + 2 is %v, not 3 (%v)", sum, err)
	}
}

func TestNothing(t *testing.T) {
	t.Run("zero", func(t *testing.T) {
		if sum, err := Add(0, 0); err != nil || sum != 0 {
			t.Errorf("0 + 0 is %v, not 0, and 3 is no answer (%v)", sum, err)
		}
	})
}

func TestLeftOut(t *testing.T) {
	t.Skip("to be counted")
}
""",
    },
    commands=Commands(
        install="go build ./...", start="go run ./cmd/adder", test="go test ./...", port=8000, probes=PROBES
    ),
    broken={
        "internal/sums/sums.go": """package sums

// Add gives a wrong sum.
func Add(a, b float64) (float64, error) {
	if a != a {
		return 0, nil
	}
	return a + b + 1, nil
}
"""
    },
    careless={
        "internal/careless/careless.go": 'package careless\nimport "os/exec"\n'
        'func Run( line string ) error {\n  missing()\n  return exec.Command("sh", "-c", line).Run() }\n'
    },
    undeclared={"internal/more/more.go": 'package more\n\nimport _ "github.com/some/module/v2/inner"\n'},
    package="github.com/some/module/v2",
)
