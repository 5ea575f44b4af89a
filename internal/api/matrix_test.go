package api_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/app/export"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// example says how a route is called so that only permission decides: the kinds
// of its path's ids, and a body that is right.
type example struct {
	// thing says whose it is: "" nothing that somebody holds, "interaction"
	// (held by the agent), "tenant" (the tenant's), "user", "organisation".
	thing string
	// more are permissions that the call needs beside the route's own.
	more  []access.Permission
	query string
	body  any
	kind  string // content type; "" is JSON
	// spends: the call ends the caller's session, so it gets one of its own.
	spends bool
	// last: it ends the caller's other sessions, too, so all else is tried before.
	last bool
	// slow: it hashes a password, so it is tried by few.
	slow bool
	// then is what those get who may call it, where the call cannot succeed here.
	then verdict
}

type m = map[string]any

const form = "--x\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\nc1\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"

// examples has every route there is; the test fails for one that is missing.
func examples() map[string]example {
	e := map[string]example{}
	for _, some := range []map[string]example{accountExamples(), workExamples(), otherExamples(), setupExamples()} {
		maps.Copy(e, some)
	}
	return e
}

func accountExamples() map[string]example {
	return map[string]example{
		"POST /api/v1/sign-in":                          {body: m{"organisation": "acme", "user_name": "agent", "password": password}, slow: true, spends: true},
		"POST /api/v1/sign-out":                         {spends: true},
		"GET /api/v1/me":                                {},
		"PATCH /api/v1/me":                              {body: m{"version": 0, "language": "en"}},
		"POST /api/v1/me/password":                      {body: m{"current": "", "new": ""}, spends: true},
		"GET /api/v1/me/sessions":                       {},
		"POST /api/v1/me/not-me":                        {spends: true, last: true},
		"DELETE /api/v1/me/sessions/{id}":               {thing: "session", spends: true},
		"POST /api/v1/sign-in/second":                   {body: m{"state": "nbt_x", "code": "123456"}, slow: true, then: nobody},
		"POST /api/v1/sign-in/passkey/begin":            {then: "422"},
		"POST /api/v1/sign-in/passkey":                  {body: m{"state": "nbt_x", "credential": m{}}, slow: true, then: nobody},
		"POST /api/v1/me/confirm":                       {body: m{"password": password}},
		"POST /api/v1/me/confirm/passkey":               {body: m{"state": "nbt_x", "credential": m{}}, then: "422"},
		"GET /api/v1/me/factors":                        {},
		"POST /api/v1/me/factors/totp/begin":            {},
		"POST /api/v1/me/factors/totp":                  {body: m{"state": "nbt_x", "code": "123456", "name": "phone"}, then: "422"},
		"POST /api/v1/me/factors/passkey/begin":         {then: "422"},
		"POST /api/v1/me/factors/passkey":               {body: m{"state": "nbt_x", "credential": m{}, "name": "key"}, then: "422"},
		"DELETE /api/v1/me/factors/{id}":                {thing: "session", then: hidden},
		"POST /api/v1/me/recovery-codes":                {then: "409"},
		"DELETE /api/v1/users/{id}/factors":             {thing: "user"},
		"GET /api/v1/users":                             {},
		"POST /api/v1/users":                            {body: m{"user_name": "new", "roles": []string{}}},
		"GET /api/v1/users/{id}":                        {thing: "user"},
		"PATCH /api/v1/users/{id}":                      {thing: "user", body: m{"version": 0, "language": "pt"}},
		"DELETE /api/v1/users/{id}":                     {thing: "user"},
		"POST /api/v1/users/{id}/password":              {thing: "user"},
		"DELETE /api/v1/users/{id}/sessions":            {thing: "user"},
		"GET /api/v1/photos":                            {},
		"GET /api/v1/users/{id}/photo":                  {thing: "user", then: hidden},
		"PUT /api/v1/users/{id}/photo":                  {thing: "user", body: square(), kind: "image/jpeg"},
		"DELETE /api/v1/users/{id}/photo":               {thing: "user"},
		"PUT /api/v1/me/photo":                          {body: square(), kind: "image/jpeg"},
		"DELETE /api/v1/me/photo":                       {},
		"POST /api/v1/users/search":                     {body: m{}},
		"GET /api/v1/users/deleted":                     {query: "?ids=usr_01m8njq21hvs2kfwrr1xtbp65x"},
		"POST /api/v1/users/import/preview":             {body: m{"file": []byte("user_name\nraposa-7\n")}},
		"POST /api/v1/users/import":                     {body: m{"file": []byte("user_name\nraposa-7\n"), "seen": "x"}, then: "409"},
		"GET /api/v1/users/export":                      {},
		"POST /api/v1/users/several/effect":             {body: m{"found": m{}, "change": m{"do": "unlock"}}},
		"POST /api/v1/users/several":                    {body: m{"found": m{}, "change": m{"do": "unlock"}, "seen": "x"}, then: "409"},
		"POST /api/v1/users/invitations":                {body: m{"user_name": "new"}},
		"POST /api/v1/users/invitations/letter":         {body: m{"language": "pt", "note": "hello"}},
		"POST /api/v1/users/{id}/invitation":            {thing: "user"},
		"DELETE /api/v1/users/{id}/invitation":          {thing: "user", then: hidden},
		"POST /api/v1/sign-in/invitation":               {body: m{"organisation": "acme", "code": "x"}, slow: true, then: nobody},
		"POST /api/v1/sign-in/invitation/accept":        {body: m{"organisation": "acme", "code": "x", "password": password}, slow: true, then: nobody},
		"GET /api/v1/roles":                             {},
		"POST /api/v1/roles":                            {body: m{"name": "lead", "base": "supervisor", "permissions": m{"floor.watch": "all"}}},
		"GET /api/v1/roles/{id}":                        {thing: "role"},
		"PUT /api/v1/roles/{id}":                        {thing: "role", body: m{"version": 0, "name": "lead", "permissions": m{"floor.watch": "all"}}},
		"POST /api/v1/roles/{id}/effect":                {thing: "role", body: m{"permissions": m{"floor.watch": "all"}}},
		"DELETE /api/v1/roles/{id}":                     {thing: "role", query: "?version=1"},
		"GET /api/v1/api-keys":                          {},
		"POST /api/v1/api-keys":                         {body: m{"name": "key", "roles": []string{"administrator"}}},
		"POST /api/v1/api-keys/{id}/rotation":           {thing: "key", body: m{"overlap_hours": 1}},
		"GET /api/v1/provisioning":                      {},
		"PUT /api/v1/provisioning":                      {body: m{"version": 0, "removal": "burn", "display": false, "email": false, "role": "agent", "roles": []any{}, "teams": []any{}}, then: "422"},
		"POST /api/v1/provisioning/keys":                {body: m{"expires_at": time.Now().Add(24 * time.Hour)}},
		"GET /api/scim/v2/ServiceProviderConfig":        {},
		"GET /api/scim/v2/ResourceTypes":                {},
		"GET /api/scim/v2/Schemas":                      {},
		"GET /api/scim/v2/Users":                        {},
		"POST /api/scim/v2/Users":                       {body: m{"userName": ""}, then: "400"},
		"GET /api/scim/v2/Users/{id}":                   {thing: "user"},
		"PUT /api/scim/v2/Users/{id}":                   {thing: "user", body: m{"userName": ""}, then: "400"},
		"PATCH /api/scim/v2/Users/{id}":                 {thing: "user", body: m{"Operations": []any{m{"op": "replace", "path": "active", "value": true}}}},
		"DELETE /api/scim/v2/Users/{id}":                {thing: "user"},
		"GET /api/scim/v2/Groups":                       {},
		"POST /api/scim/v2/Groups":                      {body: m{"displayName": ""}, then: "400"},
		"GET /api/scim/v2/Groups/{id}":                  {thing: "group"},
		"PUT /api/scim/v2/Groups/{id}":                  {thing: "group", body: m{"displayName": "Desk"}},
		"PATCH /api/scim/v2/Groups/{id}":                {thing: "group", body: m{"Operations": []any{m{"op": "remove", "path": "externalId"}}}},
		"DELETE /api/scim/v2/Groups/{id}":               {thing: "group"},
		"GET /api/v1/brand":                             {},
		"PUT /api/v1/brand":                             {body: m{"version": 0, "accent": "#ffd400"}, then: "422"}, // TestBrand changes it
		"POST /api/v1/brand/preview":                    {body: m{"accent": "#ffd400"}},
		"GET /api/v1/brand/shown":                       {},
		"GET /api/v1/brand/public":                      {},
		"GET /api/v1/permissions":                       {},
		"DELETE /api/v1/api-keys/{id}":                  {thing: "key"},
		"GET /api/v1/organisations":                     {},
		"POST /api/v1/organisations":                    {body: m{"kind": "tenant", "slug": "new", "name": "New", "language": "en", "time_zone": "UTC", "administrator": "admin"}},
		"GET /api/v1/organisations/names":               {query: "?ids=ten_01m8njq21hvs2kfwrr1xtbp65x"},
		"GET /api/v1/organisations/{id}":                {thing: "organisation"},
		"PATCH /api/v1/organisations/{id}":              {thing: "organisation", body: m{"version": 0, "name": "Renamed"}},
		"GET /api/v1/organisations/{id}/end":            {thing: "organisation"},
		"POST /api/v1/organisations/{id}/end":           {thing: "organisation", body: m{"version": 2, "days": 0, "name": "Ends"}}, // 2: made, then active
		"DELETE /api/v1/organisations/{id}/end":         {thing: "organisation", query: "?version=3"},                              // 3: its end was begun
		"GET /api/v1/end":                               {},
		"POST /api/v1/end":                              {body: m{"days": 7, "name": "another"}, then: "422"},
		"DELETE /api/v1/end":                            {then: "409"},
		"POST /api/v1/end/code":                         {then: "409"},
		"GET /api/v1/first-steps":                       {},
		"PUT /api/v1/first-steps/samples":               {body: m{"sample": "chat", "there": true}},
		"GET /api/v1/sign-up-links":                     {},
		"POST /api/v1/sign-up-links":                    {body: m{"name": "Fair", "most": 5, "trial_days": 30}},
		"DELETE /api/v1/sign-up-links/{id}":             {thing: "link", then: hidden}, // TestSignUp removes
		"POST /api/v1/sign-up/offer":                    {body: m{"code": "x"}, then: hidden},
		"POST /api/v1/sign-up":                          {body: m{"code": "x", "name": "New", "administrator": "fox-1", "password": password}, then: hidden},
		"POST /api/v1/certificates":                     {body: m{"organisation": "ten_x", "code": "x"}, then: hidden},
		"GET /api/v1/certificates/key":                  {},
		"GET /api/v1/exports":                           {},
		"GET /api/v1/exports/holdings":                  {},
		"GET /api/v1/exports/key":                       {},
		"POST /api/v1/exports":                          {body: m{"reason": "leaving"}},
		"POST /api/v1/exports/{id}/volumes/{volume}":    {thing: "export"},
		"GET /api/v1/exports/{id}/volumes/{volume}":     {thing: "export"},
		"DELETE /api/v1/exports/{id}":                   {thing: "export"},
		"GET /api/v1/system":                            {},
		"GET /api/v1/system/encryption":                 {},
		"GET /api/v1/usage":                             {},
		"POST /api/v1/sign-in/provider/begin":           {body: m{"organisation": "acme"}, then: hidden},
		"POST /api/v1/sign-in/provider/{tenant}":        {body: m{"state": "x"}, then: nobody},
		"POST /api/v1/sign-in/provider/{tenant}/logout": {body: "logout_token=x", kind: "application/x-www-form-urlencoded", then: "422"},
		"GET /api/v1/sign-on":                           {},
		"PUT /api/v1/sign-on":                           {body: m{"version": 0, "enabled": false, "name": "ID", "issuer": "https://id.example", "client": "c", "scopes": []string{}, "name_claim": "", "link": false, "create": false, "display": false, "roles_claim": "", "roles": []any{}, "only": false, "break_glass": ""}, then: "422"},
		"DELETE /api/v1/sign-on":                        {then: hidden},
		"POST /api/v1/sign-on/try":                      {then: "409"},
		"POST /api/v1/sign-on/tried":                    {body: m{"state": "x"}, then: "422"},
		"PUT /api/v1/users/{id}/identity":               {thing: "user", body: m{"subject": "x"}, then: "409"},
		"DELETE /api/v1/users/{id}/identity":            {thing: "user", then: hidden},

		"GET /api/v1/organisations/{id}/usage":    {thing: "organisation"},
		"POST /api/v1/organisations/{id}/move":    {thing: "organisation", body: m{"version": 0, "parent": "opr_unknown"}},
		"GET /api/v1/organisations/usage":         {query: "?month=2026-11"},
		"POST /api/v1/organisations/usage/export": {body: m{"format": "csv", "month": "2026-11"}},
		"GET /api/v1/lines":                       {},

		"GET /api/v1/support-providers":                    {},
		"GET /api/v1/support-grants":                       {},
		"POST /api/v1/support-grants":                      {},
		"POST /api/v1/support-grants/{id}/accept":          {thing: "grant", body: m{"version": 1, "scopes": []string{"room"}, "minutes": 30}},
		"POST /api/v1/support-grants/{id}/end":             {thing: "grant"},
		"POST /api/v1/organisations/{id}/support-requests": {thing: "organisation", body: m{"scopes": []string{"room"}, "minutes": 60, "reason": "help"}},
		"GET /api/v1/support-access":                       {},
		"POST /api/v1/support-access/{id}/end":             {thing: "access"},
		"POST /api/v1/support-access/{id}/open":            {thing: "access"},
		"POST /api/v1/support-access/leave":                {then: "409"}, // TestSupportSession leaves

		"GET /api/v1/organisations/{id}/keys":           {thing: "organisation"},
		"POST /api/v1/organisations/{id}/keys/rotation": {thing: "organisation"},
	}
}

func workExamples() map[string]example {
	return map[string]example{
		"GET /api/v1/desk":                   {},
		"GET /api/v1/desk/phone":             {},
		"GET /api/v1/desk/forwarding":        {},
		"GET /api/v1/desk/voicemails":        {},
		"PATCH /api/v1/desk/voicemails/{id}": {thing: "interaction", body: m{"heard": true}},
		"PUT /api/v1/desk/forwarding/{id}":   {thing: "setup", body: m{"always": "", "busy": "", "unanswered": "", "seconds": 20}},
		"GET /api/v1/desk/greeting":          {},
		"GET /api/v1/desk/greeting/audio":    {},
		"POST /api/v1/desk/greeting/audio":   {body: "RIFF", kind: "audio/wav"},
		"DELETE /api/v1/desk/greeting/audio": {},
		"PUT /api/v1/desk/phone":             {body: m{"phone": ""}},
		"PUT /api/v1/desk/presence":          {body: m{"presence": "ready"}},
		"GET /api/v1/desk/colleagues":        {},
		"POST /api/v1/offers/{id}/accept":    {thing: "offer"},
		"POST /api/v1/offers/{id}/decline":   {thing: "offer"},

		"GET /api/v1/interactions":                                  {},
		"POST /api/v1/interactions/search":                          {body: m{"words": "late parcel"}},
		"GET /api/v1/interactions/{id}":                             {thing: "interaction"},
		"GET /api/v1/interactions/{id}/messages":                    {thing: "interaction"},
		"POST /api/v1/interactions/{id}/messages":                   {thing: "interaction", body: m{"client_id": "c1", "kind": "text", "text": "hello"}, more: []access.Permission{access.WorkHandle}},
		"POST /api/v1/interactions/{id}/read":                       {thing: "interaction", body: m{"seq": 1}},
		"POST /api/v1/interactions/{id}/typing":                     {thing: "interaction"},
		"POST /api/v1/interactions/{id}/attachments":                {thing: "interaction", body: form, kind: "multipart/form-data; boundary=x"},
		"GET /api/v1/interactions/{id}/email":                       {thing: "interaction"},
		"GET /api/v1/interactions/{id}/email/files/{number}":        {thing: "interaction"},
		"GET /api/v1/interactions/{id}/email/html":                  {thing: "interaction"},
		"DELETE /api/v1/interactions/{id}/email/reply/{client_id}":  {thing: "interaction"},
		"GET /api/v1/interactions/{id}/email/draft":                 {thing: "interaction"},
		"GET /api/v1/interactions/{id}/email/draft/html":            {thing: "interaction"},
		"PUT /api/v1/interactions/{id}/email/draft":                 {thing: "interaction", body: m{"version": 0, "words": m{"text": "x"}}},
		"DELETE /api/v1/interactions/{id}/email/draft":              {thing: "interaction"},
		"POST /api/v1/interactions/{id}/email/draft/files":          {thing: "interaction", body: m{"name": "a.pdf", "size": 1}},
		"PUT /api/v1/interactions/{id}/email/draft/files/{file}":    {thing: "interaction", body: "x", kind: "application/octet-stream", query: "?from=0"},
		"DELETE /api/v1/interactions/{id}/email/draft/files/{file}": {thing: "interaction"},
		"GET /api/v1/interactions/{id}/email/duplicates":            {thing: "interaction"},
		"POST /api/v1/interactions/{id}/email/merge":                {thing: "interaction", body: m{"with": "int_1"}},
		"POST /api/v1/interactions/{id}/email/split":                {thing: "interaction", body: m{"email": "int_1"}},
		"GET /api/v1/interactions/{id}/email/rejection":             {thing: "interaction"},
		"POST /api/v1/interactions/{id}/email/rejection":            {thing: "interaction", body: m{"reason": "rej_1", "version": 1}},
		"DELETE /api/v1/interactions/{id}/email/rejection":          {thing: "interaction"},
		"POST /api/v1/interactions/{id}/email/reply":                {thing: "interaction", body: m{"client_id": "1", "text": "x"}},
		"GET /api/v1/interactions/{id}/attachments/{attachment}":    {thing: "interaction"},
		"POST /api/v1/interactions/{id}/finish":                     {thing: "interaction"},
		"POST /api/v1/interactions/{id}/complete":                   {thing: "interaction", body: m{}},
		"PUT /api/v1/interactions/{id}/result":                      {thing: "interaction", body: m{}},
		"POST /api/v1/interactions/{id}/extend":                     {thing: "interaction"},
		"POST /api/v1/interactions/{id}/transfer":                   {thing: "interaction", body: m{"queue": "que_1"}},
		"GET /api/v1/interactions/{id}/transfer-flows":              {thing: "interaction"},
		"POST /api/v1/interactions/{id}/consult":                    {thing: "interaction", body: m{"user": "usr_1"}},
		"DELETE /api/v1/interactions/{id}/consult/{user}":           {thing: "interaction"},
		"POST /api/v1/interactions/{id}/consult/{user}/hand-over":   {thing: "interaction"},
		"POST /api/v1/interactions/{id}/outside":                    {thing: "interaction", body: m{"number": "210000001"}},
		"POST /api/v1/interactions/{id}/call-back":                  {thing: "interaction", body: m{}},
		"DELETE /api/v1/interactions/{id}/outside":                  {thing: "interaction"},
		"POST /api/v1/interactions/{id}/outside/hand-over":          {thing: "interaction"},
		"POST /api/v1/interactions/{id}/sound":                      {thing: "interaction", body: m{"description": strings.Repeat("v=0\r\n", 10)}},
		"GET /api/v1/interactions/{id}/call":                        {thing: "interaction"},
		"PUT /api/v1/interactions/{id}/spoken":                      {thing: "interaction", body: m{"wanted": true}},
		"PUT /api/v1/interactions/{id}/hold":                        {thing: "interaction", body: m{"held": true}},
		"GET /api/v1/interactions/{id}/recordings":                  {thing: "interaction"},
		"POST /api/v1/recordings/{id}/listen":                       {thing: "recording", body: m{}},
		"POST /api/v1/recordings/export":                            {body: m{"reason": "legal"}},
		"GET /api/v1/recordings/{id}/waveform":                      {thing: "recording"},
		"GET /api/v1/secure-flows":                                  {},
		"GET /api/v1/interactions/{id}/secure-flow":                 {thing: "interaction"},
		"DELETE /api/v1/interactions/{id}/secure-flow":              {thing: "interaction"},
		"GET /api/v1/recordings/key":                                {},
		"GET /api/v1/recordings/shared":                             {},
		"GET /api/v1/recordings/{id}/shares":                        {thing: "recording"},
		"POST /api/v1/recordings/{id}/shares":                       {thing: "recording", body: m{"users": []string{"usr_1"}, "reason": "quality"}},
		"DELETE /api/v1/recordings/{id}/shares/{share}":             {thing: "recording"},
		"GET /api/v1/recording-holds":                               {},
		"GET /api/v1/evaluations":                                   {},
		"POST /api/v1/evaluations":                                  {body: m{"recording": "rec_1", "form": "qfo_1"}},
		"GET /api/v1/evaluations/scores":                            {},
		"GET /api/v1/evaluations/waiting":                           {},
		"POST /api/v1/evaluations/export":                           {body: m{"format": "csv", "reason": "quality"}},
		"GET /api/v1/evaluations/{id}":                              {thing: "recording"},
		"PUT /api/v1/evaluations/{id}":                              {thing: "recording", body: m{"version": 1, "answers": []any{}}},
		"POST /api/v1/evaluations/{id}/complete":                    {thing: "recording", body: m{"version": 1, "answers": []any{}}},
		"POST /api/v1/evaluations/{id}/settle":                      {thing: "recording", body: m{"version": 1, "answers": []any{}, "settlement": "x"}},
		"POST /api/v1/evaluations/{id}/acknowledge":                 {thing: "recording", body: m{"version": 1}},
		"POST /api/v1/evaluations/{id}/dispute":                     {thing: "recording", body: m{"version": 1, "reply": "x"}},
		"DELETE /api/v1/evaluations/{id}":                           {thing: "recording", query: "?version=1"},
		"POST /api/v1/quality-samples/{id}/draw":                    {thing: "setup"},
		"GET /api/v1/desk/campaigns":                                {},
		"POST /api/v1/desk/campaigns/{id}/next":                     {thing: "interaction"},
		"POST /api/v1/desk/campaigns/{id}/contacts/{contact}/call":  {thing: "interaction"},
		"POST /api/v1/desk/campaigns/{id}/contacts/{contact}/skip":  {thing: "interaction", body: m{"why": "later"}},
		"PUT /api/v1/interactions/{id}/call-again":                  {thing: "interaction", body: m{}},
		"GET /api/v1/campaigns/progress":                            {},
		"GET /api/v1/contact-lists/sizes":                           {},
		"GET /api/v1/contact-lists/{id}/contacts":                   {thing: "setup"},
		"DELETE /api/v1/contact-lists/{id}/contacts/{contact}":      {thing: "setup"},
		"POST /api/v1/contact-lists/{id}/import/preview":            {thing: "setup", body: m{"file": "cGhvbmUK"}},
		"POST /api/v1/contact-lists/{id}/import":                    {thing: "setup", body: m{"file": "cGhvbmUK", "seen": "x"}},
		"GET /api/v1/do-not-call":                                   {},
		"POST /api/v1/do-not-call":                                  {body: m{"numbers": []string{"+351210000001"}}},
		"POST /api/v1/do-not-call/ask":                              {body: m{"number": "+351210000001"}},
		"POST /api/v1/do-not-call/remove":                           {body: m{"number": "+351210000001"}},
		"GET /api/v1/calibrations":                                  {},
		"POST /api/v1/calibrations":                                 {body: m{"recording": "rec_1", "form": "qfo_1", "evaluators": []string{"usr_1", "usr_2"}}},
		"GET /api/v1/calibrations/{id}":                             {thing: "recording"},
		"POST /api/v1/calibrations/{id}/end":                        {thing: "recording"},
		"GET /api/v1/quality-forms/{id}/versions":                   {thing: "setup"},
		"POST /api/v1/recording-holds":                              {body: m{"contact": "con_1", "reason": "claim"}},
		"DELETE /api/v1/recording-holds/{id}":                       {thing: "recording"},
		"GET /api/v1/recordings/{id}/verify":                        {thing: "recording"},
		"GET /api/v1/recordings/{id}/screen":                        {thing: "recording"},
		"GET /api/v1/desk/screen":                                   {},
		"POST /api/v1/interactions/{id}/screen":                     {thing: "interaction"},
		"POST /api/v1/interactions/{id}/screen/pieces":              {thing: "interaction", body: "webm", kind: "video/webm", query: "?recording=rec_1&number=1&at_ms=1&length_ms=2000"},
		"POST /api/v1/interactions/{id}/screen/end":                 {thing: "interaction", body: m{"why": "closed"}},
		"GET /api/v1/recordings/{id}/sound":                         {thing: "recording", query: "?until_ms=1000"},
		"GET /api/v1/call-legs":                                     {},
		"GET /api/v1/phone-calls":                                   {},
		"POST /api/v1/call-legs/export":                             {body: m{"format": "csv"}},
		"GET /api/v1/calls/choices":                                 {},
		"GET /api/v1/calls/relays":                                  {},
		"POST /api/v1/calls":                                        {body: m{"number": "210000001", "queue": "que_00000000000000000000000001"}},
		"POST /api/v1/interactions/{id}/park":                       {thing: "interaction", body: m{}, more: []access.Permission{access.WorkHandle}},
		"POST /api/v1/interactions/{id}/shelve":                     {thing: "interaction", body: m{"until": "2030-01-02T09:00:00Z"}},
		"GET /api/v1/interactions/{id}/shelf-times":                 {thing: "interaction"},
		"GET /api/v1/shelved":                                       {},
		"POST /api/v1/shelved/{id}/take":                            {thing: "interaction"},
		"GET /api/v1/email-writers":                                 {},
		"POST /api/v1/emails":                                       {body: m{"mailbox": "mbx_1", "to": "ana@shop.example"}},
		"GET /api/v1/parked-calls":                                  {},
		"POST /api/v1/parked-calls/{id}/take":                       {thing: "interaction"},
		"POST /api/v1/interactions/{id}/ring":                       {thing: "interaction"},
		"PUT /api/v1/interactions/{id}/talk":                        {thing: "interaction", body: m{"with": "caller"}},
		"PUT /api/v1/floor/interactions/{id}/monitor":               {thing: "interaction", body: m{"how": "none"}},
		"POST /api/v1/interactions/{id}/recording":                  {thing: "interaction", body: m{"action": "pause"}},
		"POST /api/v1/interactions/{id}/secure-flow":                {thing: "interaction", body: m{"flow": "flw_1"}},
		"POST /api/v1/calls/secure-flow":                            {thing: "interaction", body: func(p *party) m { return m{"flow": "flw_1", "agent": p.holder} }},
		"POST /api/v1/calls/recording":                              {thing: "interaction", body: func(p *party) m { return m{"action": "pause", "agent": p.holder} }},
		"POST /api/v1/interactions/{id}/keys":                       {thing: "interaction", body: m{"keys": "1"}},
		"GET /api/v1/interactions/{id}/why":                         {thing: "interaction"},
		"GET /api/v1/users/{id}/why":                                {thing: "agent"},
		"GET /api/v1/floor":                                         {},
		"GET /api/v1/floor/callbacks":                               {},
		"DELETE /api/v1/floor/callbacks/{id}":                       {thing: "interaction"},
		"GET /api/v1/floor/handed-over":                             {},
		"DELETE /api/v1/floor/handed-over/{id}":                     {thing: "interaction"},
		"GET /api/v1/floor/day":                                     {},
		"GET /api/v1/measures":                                      {},
		"GET /api/v1/alerts":                                        {},
		"POST /api/v1/alerts/{id}/acknowledge":                      {thing: "setup"},
		"GET /api/v1/security-alerts":                               {},
		"POST /api/v1/security-alerts/{id}/acknowledge":             {thing: "setup"},
		"GET /api/v1/webhooks/{id}/deliveries":                      {thing: "setup"},
		"POST /api/v1/webhooks/{id}/try":                            {thing: "setup"},
		"POST /api/v1/webhooks/{id}/deliveries/{delivery}/repeat":   {thing: "setup"},
		"POST /api/v1/floor/interactions/{id}/move":                 {thing: "interaction", body: m{"priority": 5}},
		"POST /api/v1/floor/interactions/{id}/take-over":            {thing: "interaction"},
		"PUT /api/v1/floor/agents/{id}/presence":                    {thing: "agent", body: m{"presence": "not_ready"}},
		"GET /api/v1/floor/agents/{id}":                             {thing: "agent"},
		"GET /api/v1/floor/queues/{id}":                             {thing: "setup"},
		"PUT /api/v1/floor/agents/{id}/skills/{skill}":              {thing: "agent", body: m{"level": 0, "was": 0}},
		"PUT /api/v1/floor/agents/{id}/queues/{queue}":              {thing: "agent", body: m{"member": true}},
	}
}

func otherExamples() map[string]example {
	return map[string]example{
		"GET /api/v1/queues/{id}/open":                           {thing: "setup"},
		"POST /api/v1/queues/{id}/empty":                         {thing: "setup", body: m{"to": "que_1"}},
		"POST /api/v1/queues/try":                                {body: m{"queue": m{"name": "x"}, "works": []any{m{"channel": "chat"}}}},
		"POST /api/v1/hours/import":                              {query: "?time_zone=Europe/Lisbon", body: "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", kind: "text/calendar"},
		"GET /api/v1/rules":                                      {},
		"PUT /api/v1/rules":                                      {body: rules()},
		"GET /api/v1/contacts":                                   {},
		"POST /api/v1/contacts/search":                           {body: m{"kind": "email", "address": "a@example.com"}},
		"GET /api/v1/contacts/{id}":                              {thing: "contact"},
		"PATCH /api/v1/contacts/{id}":                            {thing: "contact", body: m{"version": 1, "name": "x"}},
		"GET /api/v1/contacts/{id}/export":                       {thing: "contact"},
		"POST /api/v1/contacts/{id}/erase":                       {thing: "contact"},
		"GET /api/v1/contacts/{id}/receipt":                      {thing: "contact"},
		"POST /api/v1/contacts/{id}/consents/{consent}/withdraw": {thing: "contact"},
		"GET /api/v1/audit":                                      {},
		"GET /api/v1/privacy/inventory":                          {},
		"GET /api/v1/privacy/notice":                             {},
		"GET /api/v1/live":                                       {},
		"GET /api/v1/openapi.json":                               {},
		"GET /api/docs":                                          {},
		"GET /api/docs/page.js":                                  {},
		"GET /api/docs/page.css":                                 {},
		"GET /chat/v1/entry-points/{id}":                         {thing: "entry"},
		"POST /chat/v1/entry-points/{id}/conversations":          {thing: "entry", body: m{"client_id": "c1"}},
		"GET /chat/v1/conversation":                              {},
		"POST /chat/v1/conversation/messages":                    {body: m{"client_id": "c1", "text": "hi"}},
		"POST /chat/v1/conversation/choice":                      {body: m{"client_id": "c1", "value": "x"}},
		"POST /chat/v1/conversation/attachments":                 {body: form, kind: "multipart/form-data; boundary=x"},
		"GET /chat/v1/conversation/attachments/{id}":             {thing: "attachment"},
		"GET /chat/v1/conversation/transcript":                   {},
		"GET /chat/v1/conversation/relays":                       {},
		"POST /chat/v1/conversation/read":                        {body: m{"seq": 1}},
		"POST /chat/v1/conversation/typing":                      {},
		"PUT /chat/v1/conversation/spoken":                       {body: m{"wanted": false}},
		"POST /chat/v1/conversation/callback":                    {body: m{"client_id": "c", "reach": "+351 211 000 000"}},
		"POST /chat/v1/conversation/sound":                       {body: m{"description": strings.Repeat("v=0\r\n", 10)}},
		"POST /chat/v1/conversation/end":                         {},
		"POST /chat/v1/conversation/survey":                      {body: m{"rating": 5}},
		"GET /chat/v1/socket":                                    {},
		"GET /api/v1/flows/{id}/versions":                        {thing: "setup"},
		"GET /api/v1/fields/{id}/versions":                       {thing: "setup"},
		"POST /api/v1/fields/advice":                             {body: m{"entity": "contact", "key": "x", "label": m{"en": "x"}, "type": "text", "class": "none"}},
		"GET /api/v1/fields/{id}/values":                         {thing: "setup"},
		"DELETE /api/v1/fields/{id}/values":                      {thing: "setup", query: "?values=1"},
		"GET /api/v1/contacts/{id}/fields":                       {thing: "contact"},
		"PUT /api/v1/contacts/{id}/fields":                       {thing: "contact", body: m{"changes": []any{}}},
		"GET /api/v1/users/{id}/fields":                          {thing: "user"},
		"PUT /api/v1/users/{id}/fields":                          {thing: "user", body: m{"changes": []any{m{"key": "x", "value": nil}}}},
		"GET /api/v1/interactions/{id}/fields":                   {thing: "interaction"},
		"PUT /api/v1/interactions/{id}/fields":                   {thing: "interaction", body: m{"changes": []any{m{"key": "x", "value": "y", "version": 3, "sure": true}}}},
		"GET /api/v1/queues/{id}/fields":                         {thing: "setup"},
		"PUT /api/v1/queues/{id}/fields":                         {thing: "setup", body: m{"changes": []any{}}},
		"GET /api/v1/flows/{id}/today":                           {thing: "setup"},
		"POST /api/v1/flows/check":                               {body: m{"graph": m{"start": "", "nodes": m{}}}},
		"POST /api/v1/flows/try":                                 {body: m{"graph": m{"start": "", "nodes": m{}}, "channel": "chat", "language": "en"}},
		"POST /api/v1/queues/members":                            {body: m{"members": []string{}, "member_rule": ""}},
		"GET /api/v1/consent-texts/{id}/versions":                {thing: "setup"},
	}
}

func setupExamples() map[string]example {
	e := map[string]example{}
	for kind, body := range setupBodies() {
		path := "/api/v1/" + string(kind)
		e["GET "+path] = example{}
		e["POST "+path] = example{body: body}
		e["GET "+path+"/{id}"] = example{thing: "setup"}
		seen := m{"version": 1}
		for k, v := range body {
			seen[k] = v
		}
		e["PUT "+path+"/{id}"] = example{thing: "setup", body: seen}
		e["DELETE "+path+"/{id}"] = example{thing: "setup", query: "?version=1"}
		e["POST "+path+"/{id}/restore"] = example{thing: "setup", body: m{"version": 1}}
		e["POST "+path+"/several"] = example{body: m{"do": "archive", "objects": []any{m{"id": "own"}}}}
		e["PUT "+path+"/order"] = example{body: m{"ids": []string{}}}
	}
	e["GET /api/v1/trunks/lines"] = example{}
	e["GET /api/v1/trunks/{id}/status"] = example{thing: "setup"}
	e["GET /api/v1/phones/{id}/status"] = example{thing: "setup"}
	e["GET /api/v1/phones/{id}/forwarding"] = example{thing: "setup"}
	e["PUT /api/v1/phones/{id}/forwarding"] = example{thing: "setup", body: m{"always": "", "busy": "", "unanswered": "", "seconds": 20}}
	e["GET /api/v1/phones/{id}/greeting"] = example{thing: "setup"}
	e["GET /api/v1/phones/{id}/greeting/audio"] = example{thing: "setup"}
	e["POST /api/v1/phones/{id}/greeting/audio"] = example{thing: "setup", body: "RIFF", kind: "audio/wav"}
	e["DELETE /api/v1/phones/{id}/greeting/audio"] = example{thing: "setup"}
	e["POST /api/v1/phones/{id}/password"] = example{thing: "setup"}
	e["GET /api/v1/prompts/{id}/level"] = example{thing: "setup"}
	e["POST /api/v1/prompts/{id}/level"] = example{thing: "setup", body: m{"right": true}}
	e["POST /api/v1/prompts/{id}/audio"] = example{thing: "setup", body: "RIFF", kind: "audio/wav"}
	e["GET /api/v1/prompts/{id}/audio"] = example{thing: "setup"}
	e["DELETE /api/v1/prompts/{id}/audio"] = example{thing: "setup"}
	e["GET /api/v1/mailboxes/{id}/status"] = example{thing: "setup"}
	e["POST /api/v1/mailboxes/{id}/sign-in"] = example{thing: "setup", body: m{"back": "https://desk.example/app/setup/mail-sign-in"}}
	e["POST /api/v1/mailboxes/signed-in"] = example{body: m{"state": "s", "code": "c"}}
	e["POST /api/v1/mailboxes/try"] = example{body: setupBodies()[setup.KindMailbox]}
	e["POST /api/v1/mailboxes/discover"] = example{body: m{"address": "help@shop.example"}}
	e["POST /api/v1/rules/sign-in/preview"] = example{body: m{"session_hours": 8, "sign_in": m{"second_factor": []string{}, "password_length": 10, "idle_minutes": 60, "networks": []string{}}}}
	e["POST /api/v1/trunks/try"] = example{body: m{"number": "112"}}
	return e
}

func rules() m {
	return m{"version": 1, "conversation_days": 30, "record_days": 30, "audit_days": 90, "chat_capacity": 3, "idle_minutes": 10, "session_hours": 8, "blend": []any{}}
}

func setupBodies() map[setup.Kind]m {
	return map[setup.Kind]m{
		setup.KindQueue: {"name": "x", "channels": []string{}, "priority": 5, "needs": []any{}, "members": []string{}, "member_rule": "", "offer_seconds": 30, "wrap_up_seconds": 0,
			"wrap_up_open": false, "max_missed": 1, "service_seconds": 20, "service_percent": 80, "short_seconds": 5, "hours": "", "dispositions": []string{}, "disposition_must": false, "wants": []any{}, "choice": "round_robin", "steps": []any{}, "affinity_seconds": 0,
			"auto_accept": false, "overflow": []any{}, "close_waiting": false, "music": "", "call_back_seconds": 0, "call_back_key": ""},
		setup.KindSkill:        {"name": "x"},
		setup.KindTeam:         {"name": "x"},
		setup.KindSite:         {"name": "x"},
		setup.KindDisposition:  {"name": "x", "group": ""},
		setup.KindReason:       {"name": "x"},
		setup.KindLabel:        {"name": "x"},
		setup.KindRejectReason: {"name": "x", "text": m{}, "after": "mailbox", "move_to": ""},
		setup.KindHours:        {"name": "x", "time_zone": "UTC", "weekly": []any{}, "dates": []any{}},
		setup.KindEntryPoint: {"name": "x", "channel": "chat", "enabled": true, "flow": "flo_1", "origins": []string{}, "languages": []string{"en"}, "consent_text": "",
			"ask_name": "no", "ask_email": "no", "survey": false, "transcript": false, "attachments": m{"allowed": false, "max_mb": 1, "types": []string{}},
			"theme": m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"}},
		setup.KindCanned:      {"title": "x", "shortcut": "", "body": "x", "language": "en", "queue": ""},
		setup.KindConsentText: {"name": "x", "purpose": "service", "text": m{}, "link": ""},
		setup.KindFlow:        {"name": "x", "graph": m{}, "draft": nil},
		setup.KindAlertRule: {"name": "x", "enabled": true, "measure": "waiting", "queues": []string{}, "teams": []string{}, "reasons": []string{}, "recipients": []string{}, "warning": m{"at": 5}, "critical": m{"at": 0},
			"hold_seconds": 15, "min_contacts": 10, "always": false},
		setup.KindPrompt: {"name": "x", "language": "en", "text": "x"},
		setup.KindRecordingRule: {"name": "x", "enabled": true, "queues": []string{}, "entry_points": []string{}, "direction": "any", "percent": 100, "on_demand": false, "consent": "none", "consent_text": "",
			"all_parties": false, "hold": false, "consultation": false, "pause_minutes": 0},
		setup.KindQualityForm:   {"name": "x", "mark": 80, "questions": []m{{"text": "x", "kind": "yes_no", "weight": 1}}},
		setup.KindQualitySample: {"name": "x", "enabled": true, "form": "qfo_1", "each": 2, "teams": []string{}, "queues": []string{}, "evaluators": []string{}, "seconds": 30},
		setup.KindContactList:   {"name": "x"},
		setup.KindCampaign: {"name": "x", "state": "draft", "lists": []string{}, "queue": "que_1", "caller": "", "hours": "", "max_attempts": 3, "busy_minutes": 15, "no_answer_minutes": 240, "unreachable_minutes": 60,
			"preview_seconds": 300, "outcomes": []m{}, "notes": ""},
		setup.KindField: {"entity": "contact", "key": "x", "label": m{"en": "x"}, "help": m{}, "type": "text", "required": false, "min_length": 0, "max_length": 0, "pattern": "", "least": "", "most": "", "choices": []any{},
			"class": "none", "masked": false, "seen_by": []string{}, "changed_by": []string{}, "attribute": ""},
		setup.KindConnection: {"name": "x", "address": "https://api.example.com", "header": ""},
		setup.KindWebhook:    {"name": "x", "address": "https://api.example.com", "events": []string{"alert.raised"}},
		setup.KindTrunk: {"name": "x", "enabled": true, "line": "", "country": "PT", "number_form": "plus", "gateways": []m{}, "registration": m{"on": false}, "sources": []string{}, "username": "",
			"allow_md5": false, "ask_password": false, "encryption": "required", "srtp": []string{}, "max_calls": 0, "calls_a_second": 0, "numbers": []m{}, "caller": m{}, "outgoing": m{"allowed": false}},
		setup.KindMailbox: {"name": "x", "enabled": true, "address": "help@shop.example", "aliases": []string{}, "shown": "", "imap": m{"host": "imap.example"}, "smtp": m{"host": "smtp.example"}, "sign": "password", "user": "",
			"folders": []string{}, "unread": false, "order": "oldest", "after": "flag", "move_to": "", "sent_folder": "", "entry_point": "ent_1", "signature": "", "acknowledgement": m{}, "hold_seconds": 10, "max_recipients": 20, "attach_mb": 15, "attach_types": []string{}},
		setup.KindPhone:     {"name": "x", "enabled": true, "user": "", "extension": "", "encryption": "required", "allow_md5": false, "auto_answer": false},
		setup.KindRingGroup: {"name": "x", "extension": "30", "members": []string{"phn_1"}, "order": "simultaneous", "ring_seconds": 0, "most_seconds": 0, "then": m{}},
	}
}

// verdict is what a call comes to, as far as permission decides.
type verdict string

const (
	allowed   verdict = "allowed"
	forbidden verdict = "forbidden"
	hidden    verdict = "hidden"
	nobody    verdict = "nobody"
)

func read(a answered) verdict {
	switch a.status {
	case 200, 201, 202, 204, 426: // 426: a live connection wants to be one
		return allowed
	case 401:
		return nobody
	case 403:
		return forbidden
	case 404:
		return hidden
	}
	return verdict(fmt.Sprint(a.status))
}

// want is what the table says of a call. mine says whether the thing belongs to
// the caller's tenant.
func want(route api.Route, e example, w *who, mine bool, holder, queue string) verdict {
	switch {
	case route.Guard.Permission == access.Public, route.Guard.Visitor && route.Socket: // its token comes later
		return allowed
	case w == nil || w.kind == aStranger || route.Guard.Visitor != (w.kind == aVisitor):
		return nobody
	case route.Guard.Visitor && !mine && e.thing != "":
		return hidden
	case route.Guard.Visitor:
		return allowed
	}
	if w.kind == aKey && (route.Guard.Users || route.Guard.Permission == access.SignedIn && !route.Guard.Keys) {
		return forbidden
	}
	if w.kind == aSupport && (route.Guard.Users || route.Guard.NoSupport) {
		return forbidden
	}
	if w.kind == aSupport && route.Guard.Permission == access.SignedIn && !route.Guard.Keys && !route.Guard.Support {
		return forbidden
	}
	reach := access.Reach(w.actor(), route.Guard.Permission)
	if reach == access.None {
		return forbidden
	}
	if e.thing == "" || e.thing == "session" {
		return allowed
	}
	if !mine {
		return hidden
	}
	if reach == access.SomeOf && (e.thing == "user" || strings.HasSuffix(route.Path, "/skills/{skill}")) {
		return hidden // the holder is in no team
	}
	if reach == access.SomeOf && strings.HasPrefix(route.Path, "/api/v1/alert-rules") {
		return allowed // app/setup refuses them to who has not the whole tenant (internal/server walks that)
	}
	if reach == access.SomeOf && e.thing == "role" {
		return allowed // their names and what they allow, of the whole tenant
	}
	for _, p := range append(e.more, route.Guard.Permission) {
		held := slices.Contains([]string{"interaction", "contact", "offer", "recording"}, e.thing) && w.user == holder
		if r := access.Reach(w.actor(), p); r == access.None || r == access.Own && !held {
			return hidden
		} else if r == access.SomeOf && !held && access.Over(w.actor(), p, access.Some(w.tenant, access.RolePart{Queues: []string{queue}})) == access.None {
			return hidden
		}
	}
	return allowed
}

func TestEveryRouteForEverybody(t *testing.T) {
	h := found(t, noLimits)
	list := examples()
	all := h.everybody()
	routes := slices.Clone(h.doors.Routes())
	slices.SortStableFunc(routes, func(a, b api.Route) int {
		last := func(r api.Route) int {
			if list[r.Method+" "+r.Path].last {
				return 1
			}
			return 0
		}
		return last(a) - last(b)
	})
	for _, route := range routes {
		name := route.Method + " " + route.Path
		e, ok := list[name]
		if !ok {
			t.Errorf("%s is not in the test", name)
			continue
		}
		delete(list, name)
		t.Run(strings.NewReplacer(" ", "_", "/", "|").Replace(name), func(t *testing.T) {
			callers := all
			if e.slow {
				callers = callers[:2]
			}
			for _, w := range callers {
				for _, target := range []*party{h.a, h.b} {
					h.tryRoute(t, route, e, w, target)
				}
			}
		})
	}
	for name := range list {
		t.Errorf("%s is in the test but not in the program", name)
	}
}

// everybody is each kind of caller there is; nil is nobody.
func (h *house) everybody() []*who {
	out := []*who{nil, h.operator.users[access.OperatorRole], h.reseller.users[access.ResellerRole],
		{kind: aVisitor, name: "visitor of acme", tenant: h.a.ID, header: "Authorization", value: "Bearer " + h.a.token},
		{kind: aStranger, name: "visitor of nowhere", header: "Authorization", value: "Bearer nbv_nowhere"},
		{kind: aStranger, name: "a made-up session", header: "Cookie", value: "nubitalk=nbs_" + string(h.a.ID) + "." + strings.Repeat("A", 43)},
		{kind: aStranger, name: "a made-up key", header: "Authorization", value: "Bearer nbk_" + string(h.a.ID) + "." + strings.Repeat("A", 43)},
	}
	for _, role := range access.TenantRoles {
		out = append(out, h.a.users[role])
	}
	for name, queue := range map[string]string{"right": h.a.queue, "other": h.ids.New(id.Queue)} {
		out = append(out, h.partly(name, access.RolePart{Queues: []string{queue}}))
	}
	return append(out, h.helper(), h.a.idle, h.key("every", nil), h.key("narrow", []access.Permission{access.SetupRead, access.WorkRead}))
}

// partly is a user who has each role that can be given for a part of the tenant, for
// that part.
func (h *house) partly(name string, part access.RolePart) *who {
	roles, parts := []access.Role{access.Supervisor, access.Monitor, access.PrivacyOfficer}, account.RoleParts{}
	for _, r := range roles {
		parts[r] = part
	}
	must(h.t, h.db.Write(h.t.Context(), h.a.ID, func(tx *store.Tx) error {
		return tx.InsertSetup(store.SetupRow{Kind: string(setup.KindQueue), ID: part.Queues[0], Body: []byte(`{}`)})
	}))
	u, once, err := h.accounts.CreateUser(h.t.Context(), h.a.anyAdmin().actor(), account.NewUser{UserName: name, Roles: roles, Parts: parts})
	must(h.t, err)
	w := h.settle("acme", name, once, u)
	w.name = name + " queue's supervisor"
	h.a.partly = append(h.a.partly, w)
	return w
}

// helper is a user of the operator in the affairs of a tenant that granted all
// there is, and one interaction.
func (h *house) helper() *who {
	boss := h.operator.users[access.OperatorRole]
	u, once, err := h.accounts.CreateUser(h.t.Context(), boss.actor(), account.NewUser{UserName: "helper", Roles: []access.Role{access.OperatorRole}})
	must(h.t, err)
	own := h.settle("operator", "helper", once, u)
	g, err := h.accounts.GrantSupport(h.t.Context(), h.a.anyAdmin().actor(), h.operator.ID, "helper", account.SupportTerms{Scopes: access.SupportScopes[:4], Minutes: 60, Reason: "help"})
	must(h.t, err)
	session, err := h.accounts.Recognise(h.t.Context(), secret.New(strings.TrimPrefix(own.value, "nubitalk=")))
	must(h.t, err)
	token, _, err := h.accounts.OpenSupport(h.t.Context(), session, g.ID)
	must(h.t, err)
	return &who{kind: aSupport, name: "the operator, let into acme", tenant: h.a.ID, user: u.ID, support: &access.Support{Grant: g.ID, Home: h.operator.ID, Scopes: g.Scopes},
		header: "Cookie", value: own.value + "; nubitalk-support=" + token.Reveal()}
}

// key makes an API key with all of a tenant's roles.
func (h *house) key(name string, scopes []access.Permission) *who {
	admin := h.a.users[access.Administrator]
	maker := admin.actor()
	maker.Roles = access.TenantRoles // a key has no more than its maker
	k, token, err := h.accounts.CreateAPIKey(h.t.Context(), maker, account.NewAPIKey{Name: name, Roles: access.TenantRoles, Scopes: scopes})
	must(h.t, err)
	return &who{kind: aKey, name: name + " key", tenant: admin.tenant, user: k.ID, roles: access.TenantRoles, scopes: scopes, header: "Authorization", value: "Bearer " + token.Reveal()}
}

func (h *house) tryRoute(t *testing.T, route api.Route, e example, w *who, target *party) {
	t.Helper()
	if w != nil && w.kind == aSupport && strings.HasSuffix(route.Path, "/leave") {
		return // TestSupportSession leaves
	}
	mine, other := target == h.a, h.b
	if w != nil && (w.tenant == h.operator.ID || w.tenant == h.reseller.ID) {
		mine = false
		if e.thing == "organisation" && w.tenant == h.operator.ID {
			mine = true // both tenants are right below the operator
		}
	}
	expect := want(route, e, w, mine, h.a.holder, h.a.queue)
	caller := w
	if e.spends && expect == allowed && w != nil {
		w = h.again(w)
	}
	path, body := h.call(t, route, e, w, target, expect)
	header := []string{}
	if e.kind != "" {
		header = []string{"Content-Type", e.kind}
	}
	got := h.ask(w, route.Method, path+e.query, body, header...)
	if strings.HasSuffix(route.Path, "/me/password") && expect == allowed {
		caller.value = w.value // the caller's other sessions have ended
	}
	name := "nobody"
	if w != nil {
		name = w.name
	}
	verdict := read(got)
	if expect == allowed && e.then != "" {
		expect = e.then
	}
	if verdict != expect {
		t.Errorf("%s to what is of %s: %s, want %s: %d %s", name, target.Slug, verdict, expect, got.status, got.body)
	}
	if got.status >= 400 && got.status != 426 && got.problem() == "" && !strings.HasPrefix(route.Path, "/api/scim/") {
		t.Errorf("%s: %d is no problem document: %s", name, got.status, got.body)
	}
	if w != nil && w.tenant == h.a.ID && !strings.HasPrefix(route.Path, "/chat/v1/entry-points") &&
		(strings.Contains(got.body, other.canary) || strings.Contains(got.body, string(other.ID))) {
		t.Errorf("%s got something of %s: %s", name, other.Slug, got.body)
	}
}

func (h *house) passwordOf(user string) string {
	if p := h.passwords[user]; p != "" {
		return p
	}
	return password
}

// again signs the same user in once more.
func (h *house) again(w *who) *who {
	for _, p := range []*party{h.operator, h.reseller, h.a} {
		for _, u := range append([]*who{p.idle}, users(p)...) {
			if u == w {
				me, err := h.accounts.User(h.t.Context(), p.anyAdmin().actor(), w.user)
				must(h.t, err)
				return h.signIn(p.Slug, me.UserName, h.passwordOf(w.user), me)
			}
		}
	}
	h.t.Fatalf("%s has no session", w.name)
	return nil
}

func users(p *party) (out []*who) {
	for _, u := range p.users {
		out = append(out, u)
	}
	return append(out, p.partly...)
}

func (p *party) anyAdmin() *who {
	for _, role := range []access.Role{access.Administrator, access.OperatorRole, access.ResellerRole} {
		if u := p.users[role]; u != nil {
			return u
		}
	}
	return nil
}

// call fills in the path and the body for one caller.
func (h *house) call(t *testing.T, route api.Route, e example, w *who, target *party, expect verdict) (string, any) {
	thing, body := target.things()[e.thing], e.body
	if of, ok := body.(func(*party) m); ok { // it names what is of the target
		body = of(target)
	}
	if expect == allowed {
		thing, body = h.spend(t, route, e, w, target, thing, body)
	}
	path := strings.NewReplacer("{id}", thing, "{attachment}", target.attachment, "{number}", "0", "{volume}", "1", "{client_id}", "m1", "{file}", "f1", "{user}", "usr_1", "{contact}", "lco_1", "{tenant}", string(target.ID), "{consent}", target.consent, "{queue}", target.queue, "{skill}", "ski_1").Replace(route.Path)
	return path, body
}

// things are the ids of what a tenant has, by the kinds that examples name.
func (p *party) things() map[string]string {
	return map[string]string{"interaction": p.interaction, "offer": p.offer, "recording": p.recording, "contact": p.contact, "agent": p.holder, "setup": p.queue, "entry": p.entry,
		"attachment": p.attachment, "organisation": string(p.ID), "user": p.holder, "key": "key_unknown", "group": "grp_unknown", "export": "exp_unknown", "role": p.role, "grant": "sup_unknown", "access": "sup_unknown", "link": "lnk_unknown", "session": "ses_unknown"}
}

// spend prepares a call that will be carried out: what it uses up or changes is
// made for it, and versions are those in force.
func (h *house) spend(t *testing.T, route api.Route, e example, w *who, target *party, thing string, body any) (string, any) {
	switch e.thing {
	case "grant":
		g, err := h.accounts.AskSupport(t.Context(), h.operator.anyAdmin().actor(), target.ID, account.SupportTerms{Scopes: access.SupportScopes[:1], Minutes: 60, Reason: "help"})
		must(t, err)
		return g.ID, m{"version": g.Version, "scopes": []string{"room"}, "minutes": 30}
	case "organisation":
		if strings.HasSuffix(route.Path, "/support-requests") {
			return thing, body
		}
		if strings.HasSuffix(route.Path, "/end") && route.Method != "GET" {
			o, _, _, err := h.accounts.CreateOrganisation(t.Context(), h.operator.anyAdmin().actor(), account.NewOrganisation{Kind: account.KindTenant,
				Slug: strings.ReplaceAll(h.ids.New("n"), "_", "-"), Name: "Ends", Administrator: "admin"})
			must(t, err)
			if route.Method == "DELETE" {
				_, err = h.accounts.BeginEnd(t.Context(), h.operator.anyAdmin().actor(), o.ID, o.Version, account.EndTerms{Days: 1})
				must(t, err)
			}
			return string(o.ID), body
		}
		o, err := h.accounts.Organisation(t.Context(), h.operator.anyAdmin().actor(), target.ID)
		must(t, err)
		if strings.HasSuffix(route.Path, "/move") {
			body = m{"version": 0, "parent": string(h.operator.ID)} // where it is already
		}
		return thing, versioned(body, o.Version)
	case "user":
		if route.Method == "GET" {
			return thing, body
		}
		u, _, err := h.accounts.CreateUser(t.Context(), target.anyAdmin().actor(), account.NewUser{UserName: h.ids.New("u"), Roles: []access.Role{access.Agent}})
		must(t, err)
		if strings.HasSuffix(route.Path, "/identity") || strings.HasSuffix(route.Path, "/fields") {
			return u.ID, body
		}
		return u.ID, versioned(body, u.Version)
	case "role":
		r, err := h.accounts.CreateRole(t.Context(), target.anyAdmin().actor(), account.NewRole{Name: h.ids.New("r"), Base: access.Agent, Permissions: map[access.Permission]string{access.DeskUse: "own"}})
		must(t, err)
		if b, ok := body.(m); ok && b["name"] != nil {
			body = m{"version": r.Version, "name": h.ids.New("r"), "permissions": b["permissions"]}
		}
		return r.ID, body
	case "key":
		k, _, err := h.accounts.CreateAPIKey(t.Context(), target.anyAdmin().actor(), account.NewAPIKey{Name: "spent", Roles: []access.Role{access.Administrator}})
		must(t, err)
		return k.ID, body
	case "group":
		g := h.ids.New(id.Group)
		must(t, h.db.Write(t.Context(), target.ID, func(tx *store.Tx) error {
			return tx.InsertProvisionedGroup(store.ProvisionedGroupRow{ID: g, Name: g, NameKey: g})
		}))
		if b, ok := body.(m); ok && b["displayName"] != nil {
			body = m{"displayName": g}
		}
		return g, body
	case "export":
		keeper := access.Actor{Tenant: target.ID, User: w.user, Roles: []access.Role{access.PrivacyOfficer}}
		all, err := h.exports.List(t.Context(), keeper)
		must(t, err)
		for _, e := range all { // so many may be open at once
			_, err := h.exports.End(t.Context(), keeper, e.ID)
			must(t, err)
		}
		e, err := h.exports.Begin(t.Context(), keeper, export.Terms{Reason: "other"})
		must(t, err)
		return e.ID, body
	case "session":
		s, err := h.accounts.Recognise(t.Context(), secret.New(strings.TrimPrefix(w.value, "nubitalk=")))
		must(t, err)
		return s.Actor.Session, body
	}
	switch route.Method + " " + route.Path {
	case "PATCH /api/v1/me":
		me, err := h.accounts.Me(t.Context(), account.Session{Actor: w.actor()})
		must(t, err)
		body = versioned(body, me.User.Version)
	case "POST /api/v1/me/password":
		was := h.passwordOf(w.user)
		h.passwords[w.user] = was + " more"
		body = m{"current": was, "new": was + " more"}
	case "POST /api/v1/me/confirm":
		body = m{"password": h.passwordOf(w.user)}
	case "POST /api/v1/roles":
		body = m{"name": h.ids.New("r"), "base": "supervisor", "permissions": m{"floor.watch": "all"}}
	case "POST /api/v1/support-grants":
		body = m{"organisation": h.operator.ID, "user_name": "root", "scopes": []string{"room"}, "minutes": 30, "reason": "help"}
	case "POST /api/v1/users", "POST /api/v1/users/invitations":
		body = m{"user_name": h.ids.New("u"), "roles": w.roles[:1]}
	case "POST /api/v1/organisations":
		body = m{"kind": "tenant", "slug": strings.ReplaceAll(h.ids.New("n"), "_", "-"), "name": "New", "language": "en", "time_zone": "UTC", "administrator": "admin"}
	}
	return thing, body
}

// versioned is a body that names a version, with the one in force.
func versioned(body any, version int64) any {
	b, ok := body.(m)
	if !ok {
		return body
	}
	out := maps.Clone(b)
	out["version"] = version
	return out
}

// square is a photo as the doors take it.
func square() string {
	var out bytes.Buffer
	_ = jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, 64, 64)), nil) // into memory
	return out.String()
}
