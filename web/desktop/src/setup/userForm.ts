import { api, asProblem, take } from "../api/client";
import type { Role, RoleParts, User } from "../api/types";

/** What an administrator fills in about a user. */
export interface UserForm {
  user_name: string;
  roles: Role[];
  role_parts: RoleParts;
  skills: Record<string, number>;
  teams: string[];
  site: string;
  /** Chats at once; "" as the rules say. */
  capacity: string;
  profile: { display_name: string; email: string; phone: string };
  language: string;
}

export const blankUser = (language: string): UserForm => ({
  user_name: "",
  roles: ["agent"],
  role_parts: {},
  skills: {},
  teams: [],
  site: "",
  capacity: "",
  profile: { display_name: "", email: "", phone: "" },
  language,
});

export function userForm(user: User): UserForm {
  return {
    user_name: user.user_name,
    roles: [...user.roles],
    role_parts: { ...user.role_parts },
    skills: { ...user.skills },
    teams: [...user.teams],
    site: user.site,
    capacity: user.capacity.chat ? String(user.capacity.chat) : "",
    profile: { ...user.profile },
    language: user.language,
  };
}

/** The form as the server takes it; what it says nothing of stays as the user has it. */
export function userValues(form: UserForm, user?: User) {
  const { capacity, language, ...rest } = form;
  const chats = Number(capacity);
  return {
    ...rest,
    language: language as User["language"],
    capacity: chats > 0 ? { ...user?.capacity, chat: chats } : {},
  };
}

export const same = (a: UserForm, b: UserForm) => JSON.stringify(a) === JSON.stringify(b);

/**
 * Saves a user's form over what the user was. That only the account moved on since, by a sign-in for example, is no
 * obstacle: nothing that the form is about is overwritten.
 */
export async function saveUser(was: User, form: UserForm, version = was.version): Promise<User> {
  const body = { ...userValues(form, was), version };
  try {
    return await take(api.PATCH("/api/v1/users/{id}", { params: { path: { id: was.id } }, body }));
  } catch (error) {
    const problem = asProblem(error);
    const now = problem.status === 409 ? (problem.current as User | undefined) : undefined;
    if (!now || now.version === version || !same(userForm(now), userForm(was))) throw error;
    return saveUser(now, form);
  }
}
