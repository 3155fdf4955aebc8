// The agents' console: asks who is there, shows the door or the desk.
import { render } from "preact";
import { drawTogether } from "../../../bot/widget/src/shared/drawing";
import "../../../bot/widget/src/shared/tokens.css";
import "./view/console.css";
import "./view/desk.css";
import "./view/lists.css";
import "./view/conversation.css";
import "./view/composer.css";
import "./view/channels.css";
import "./view/dialogs.css";
import "./view/also_known.css";
import "./view/pages.css";
import "./view/reports.css";
import "./view/inboxes.css";
import "./view/pages_narrow.css";
import { App } from "./view/app";

drawTogether();

render(<App />, document.getElementById("app")!);
