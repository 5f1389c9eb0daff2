// What every page of the console starts with.
import "./forms.js";
import "./clock.js";
import "./keys.js";
import "./notify.js";
import "./presence.js";
import "./waiting.js";
import { listen } from "./stream.js";

if (document.body.dataset.staff) listen();
