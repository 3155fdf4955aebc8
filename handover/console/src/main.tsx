// The agents' console: asks who is there, shows the door or the desk.
import { render } from "preact";
import "../../../bot/widget/src/shared/tokens.css";
import "./view/console.css";
import "./view/lists.css";
import "./view/conversation.css";
import "./view/dialogs.css";
import { App } from "./view/app";

render(<App />, document.getElementById("app")!);
