-- +goose Up
-- What was sent beside an answer: "forward" is the message as it was passed on. To whom is not stored.
ALTER TABLE email_sends ADD COLUMN kind TEXT NOT NULL DEFAULT '';
