import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/header.css";
import "./styles/board.css";
import "./styles/dialogs.css";
import "./styles/screens.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { SessionProvider } from "./session";
import { remembered, session } from "./stored";
import { speakToReader } from "./texts";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
await speakToReader(remembered(session, "locale"));
createRoot(root).render(
  <StrictMode>
    <SessionProvider>
      <App />
    </SessionProvider>
  </StrictMode>,
);
