-- +goose Up
-- The name that a trunk had when an alert about it was raised: supervisors have no other way to know it. Such an alert's subject_kind is queue,
-- and its subject_id tells that it is a trunk's.
ALTER TABLE alerts ADD COLUMN called TEXT NOT NULL DEFAULT '';
