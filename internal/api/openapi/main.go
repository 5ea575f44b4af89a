package main

import (
	"os"

	"nubitalk/internal/api"
)

func main() {
	if _, err := os.Stdout.Write(api.New(api.Config{Version: "1"}, api.Parts{}).Document()); err != nil {
		os.Exit(1)
	}
}
