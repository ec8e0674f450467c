// The form that asks for an access token, once in each tab.

import { byId, make, showText } from "../lib/elements.js";
import { signIn } from "./http.js";

const FORM = `
  <h1>Sign in</h1>
  <p>Sign in with your access token.</p>
  <form novalidate>
    <label for="token">Token</label>
    <input id="token" type="password" autocomplete="current-password" spellcheck="false"
           aria-describedby="token-error token-hint">
    <p class="error" id="token-error" role="alert" hidden></p>
    <p class="hint" id="token-hint">The operator makes tokens with <code>mien tokens add NAME</code>.</p>
    <div class="actions"><button type="submit" class="primary">Sign in</button></div>
  </form>`;

/** Show the form in place of the page until a token is accepted. */
export async function askForToken() {
  const content = [...document.querySelectorAll("body > :not(header)")].filter((element) => !element.hidden);
  const login = make("main", { className: "login", innerHTML: FORM });
  for (const element of content) element.hidden = true;
  byId("top").after(login);
  await new Promise((resolve) => listen(login, resolve));
  login.remove();
  for (const element of content) element.hidden = false;
  byId("main").focus();
}

function listen(login, onSignIn) {
  const input = byId("token");
  const showError = (text) => {
    showText(byId("token-error"), text);
    input.setAttribute("aria-invalid", String(Boolean(text)));
    input.focus();
  };
  input.focus();
  login.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = input.value.trim();
    try {
      if (!token) showError("Enter a token.");
      else if (await signIn(token)) onSignIn();
      else showError("Unknown or removed token.");
    } catch (problem) {
      showError(problem.message);
    }
  });
}
