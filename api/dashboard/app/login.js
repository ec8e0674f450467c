// The door: asks for a token, once a tab.

import { signIn } from "./http.js";

const FORM = `
  <h1>Sign in</h1>
  <p>This service shows faces and what they express. It asks who is looking.</p>
  <form novalidate>
    <label for="token">Token</label>
    <input id="token" type="password" autocomplete="current-password" spellcheck="false"
           aria-describedby="token-error token-hint">
    <p class="error" id="token-error" role="alert" hidden></p>
    <p class="hint" id="token-hint">Whoever runs the service makes one with <code>mien tokens add NAME</code>.</p>
    <div class="actions"><button type="submit" class="primary">Sign in</button></div>
  </form>`;

// Shows the form in place of the page until a token is taken.
export async function letIn() {
  const page = [...document.querySelectorAll("body > :not(header)")].filter((element) => !element.hidden);
  const door = document.createElement("main");
  door.className = "door";
  door.innerHTML = FORM;
  for (const element of page) element.hidden = true;
  document.getElementById("top").after(door);
  await new Promise((taken) => listen(door, taken));
  door.remove();
  for (const element of page) element.hidden = false;
  document.getElementById("main").focus();
}

function listen(door, taken) {
  const input = door.querySelector("input");
  const error = door.querySelector(".error");
  const tell = (text) => {
    error.textContent = text;
    error.hidden = !text;
    input.setAttribute("aria-invalid", String(Boolean(text)));
    input.focus();
  };
  input.focus();
  door.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (!token) {
      tell("A token is needed.");
      return;
    }
    try {
      if (await signIn(token)) taken();
      else tell("The service does not know this token, or knows it no longer.");
    } catch (problem) {
      tell(problem.message);
    }
  });
}
