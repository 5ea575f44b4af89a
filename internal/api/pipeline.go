package api

import "net/http"

const cookieName = "__Host-nubitalk"

func (s *Server) pipeline(h http.Handler) http.Handler { return h }

func (s *Server) guard(r Route, h http.HandlerFunc) http.HandlerFunc { return h }
