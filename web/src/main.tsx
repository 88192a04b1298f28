import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./ui/App";
import "./ui/base.css";
import "./ui/controls.css";
import "./ui/layout.css";
import "./rooms/lists.css";
import "./rooms/chat.css";
import "./rooms/messages.css";
import "./prompts/chips.css";
import "./call/call.css";
import "./call/mini.css";
import "./call/sheets.css";
import "./insight/insight.css";
import "./insight/summary.css";
import "./scene/scene.css";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
