// The agents' console: asks who is there, shows the door or the desk.
import { options, render } from "preact";
import "../../../bot/widget/src/shared/tokens.css";
import "./view/console.css";
import "./view/desk.css";
import "./view/lists.css";
import "./view/conversation.css";
import "./view/composer.css";
import "./view/dialogs.css";
import { App } from "./view/app";

// Lines that come together are drawn together: opening a long conversation draws it a few times, not hundreds.
options.debounceRendering = (draw) => setTimeout(draw, 8);

render(<App />, document.getElementById("app")!);
