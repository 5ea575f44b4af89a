// Command openapi prints the OpenAPI document of all routes, from which the
// screens' typed client is made:
//
//	go run ./internal/api/openapi > web/api/openapi.json
package main
