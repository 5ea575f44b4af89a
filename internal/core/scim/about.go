package scim

type object = map[string]any

// MostResults is how many resources one answer has.
const MostResults = 200

// About describes the service, by the names under which that is asked for (RFC 7644, 4).
func About(what, base string) any {
	list := func(all []object) any {
		return object{"schemas": []string{ListSchema}, "totalResults": len(all), "itemsPerPage": len(all), "startIndex": 1, "Resources": all}
	}
	switch what {
	case "ServiceProviderConfig":
		return serviceConfig(base)
	case "ResourceTypes":
		return list([]object{resourceType("User", UserSchema, base), resourceType("Group", GroupSchema, base)})
	}
	return list(schemas(base))
}

func serviceConfig(base string) object {
	can := func(b bool) object { return object{"supported": b} }
	return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch": can(true), "bulk": object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0}, "filter": object{"supported": true, "maxResults": MostResults},
		"changePassword": can(false), "sort": can(false), "etag": can(true),
		"authenticationSchemes": []object{{"type": "oauthbearertoken", "name": "Bearer", "description": "A key that an administrator makes for this.", "primary": true}},
		"meta":                  object{"resourceType": "ServiceProviderConfig", "location": base + "/ServiceProviderConfig"}}
}

func resourceType(name, schema, base string) object {
	return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name, "endpoint": "/" + name + "s", "schema": schema,
		"meta": object{"resourceType": "ResourceType", "location": base + "/ResourceTypes/" + name}}
}

func attr(name, kind, mutability, uniqueness string, required, exact bool) object {
	return object{"name": name, "type": kind, "multiValued": false, "required": required, "caseExact": exact, "mutability": mutability, "returned": "default", "uniqueness": uniqueness}
}

func several(a object, parts ...object) object {
	a["multiValued"], a["subAttributes"] = true, parts
	return a
}

func schemas(base string) []object {
	schema := func(id, name, about string, attrs ...object) object {
		return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "description": about, "attributes": attrs,
			"meta": object{"resourceType": "Schema", "location": base + "/Schemas/" + id}}
	}
	part := func(name, mutability string) object { return attr(name, "string", mutability, "none", false, false) }
	return []object{
		schema(UserSchema, "User", "An account. userName may be a pseudonym; nothing else is needed.",
			attr("userName", "string", "readWrite", "server", true, false), attr("externalId", "string", "readWrite", "none", false, true),
			attr("active", "boolean", "readWrite", "none", false, false), attr("displayName", "string", "readWrite", "none", false, false),
			several(attr("emails", "complex", "readWrite", "none", false, false), part("value", "readWrite"), part("type", "readWrite")),
			several(attr("groups", "complex", "readOnly", "none", false, false), part("value", "readOnly"), part("display", "readOnly"))),
		schema(GroupSchema, "Group", "A group, which may give a role or a team.",
			attr("displayName", "string", "readWrite", "server", true, false), attr("externalId", "string", "readWrite", "none", false, true),
			several(attr("members", "complex", "readWrite", "none", false, true), part("value", "immutable"))),
	}
}
