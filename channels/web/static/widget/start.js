/*
 * Flerkanal's chat for web pages: one custom element, <flerkanal-chat>, without a build step and
 * without dependencies.
 *
 *   <script src="https://chat.example/widget.js" data-channel="web" async></script>
 *
 * The script adds the element to the page and hands its data-* attributes on; a page may also place
 * the element itself. Attributes and the protocol are described in docs/web-channel.md.
 *
 * What comes from the server or the customer becomes text nodes and checked links, never HTML.
 * Styles are a constructed sheet, so that the strictest Content-Security-Policy needs no exception.
 *
 * The gateway sends the parts in this folder as one file, in the order that channels/web/assets.py
 * names, inside one function: they share its scope, and the page sees none of it.
 */
const SCRIPT = document.currentScript;
const NAME = "flerkanal-chat";
