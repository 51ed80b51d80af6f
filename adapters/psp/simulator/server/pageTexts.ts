import { hash } from 'node:crypto';
import type { Card } from './cards.ts';
import { decimalOf } from './currencies.ts';
import { type Payment, paymentId } from './model.ts';

const STYLE =
  ':root{color-scheme:light dark;--line:#767676;--soft:#5b6168;--page:#fff;--text:#15181c;--accent:#1f4fd8;--on:#fff;--bad:#b00020}' +
  '@media(prefers-color-scheme:dark){:root{--page:#14171c;--text:#eceff3;--line:#8b929b;--soft:#aab1ba;--accent:#8fb0ff;--on:#10141c;--bad:#ff8a96}}' +
  'html{background:var(--page)}body{color:var(--text);font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:2rem auto;padding:0 1rem}' +
  'h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:.5rem 0}label{display:block;margin:0 0 .25rem;font-weight:600}' +
  'input,button{font:inherit;padding:.6rem .75rem;width:100%;box-sizing:border-box;border-radius:.5rem;border:1px solid var(--line);background:transparent;color:inherit}' +
  'button{margin-top:.75rem;cursor:pointer;background:var(--accent);border-color:var(--accent);color:var(--on);font-weight:600}' +
  'button.other{background:transparent;color:inherit;border-color:var(--line)}' +
  ':focus-visible{outline:3px solid var(--accent);outline-offset:2px}[aria-invalid]{border-color:var(--bad)}' +
  '.pair{display:grid;grid-template-columns:1fr 1fr;gap:.75rem;margin-top:.75rem}.soft{color:var(--soft)}' +
  '.error{color:var(--bad)}.error:empty{display:none}code{word-break:break-all}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}' +
  'dd{margin:0;text-align:end}dt{color:var(--soft)}' +
  // In a frame the page around it has heading and button; the room is for the outlines.
  'html:has(.framed){background:transparent}body.framed{margin:0;padding:.375rem;max-width:none}' +
  '.framed button,.framed .soft{display:none}.framed h1{position:absolute;clip-path:inset(50%);white-space:nowrap}';

/** Tells the page that has this one in a frame. It is a token, which is no secret, so any page may be told. */
const TOKEN_SCRIPT =
  "const{token,brand,last4}=document.getElementById('token').dataset;" +
  "if(parent!==window)parent.postMessage({type:'florin.simulator.token',token,brand,last4},'*');";

/**
 * The form in a frame: it says how high it is, is sent when the page around it asks for that, and tells what came of it.
 * What was typed stays where it is when something of it is refused.
 */
const FORM_SCRIPT = `const form=document.querySelector('form'),error=document.getElementById('error');
const tell=(type,more)=>{if(parent!==window)parent.postMessage({type:'florin.simulator.'+type,...more},'*')};
if(parent!==window)document.body.classList.add('framed');
form.noValidate=true;
const named=(brand)=>brand.charAt(0).toUpperCase()+brand.slice(1);
const refuse=(name,message)=>{
  for(const input of form.elements)input.removeAttribute('aria-invalid');
  error.textContent=message;
  const input=form.elements.namedItem(name);
  if(input){input.setAttribute('aria-invalid','true');input.focus()}
  tell('refused',{message});
};
form.addEventListener('submit',async(event)=>{
  event.preventDefault();
  try{
    const body=new URLSearchParams(new FormData(form));
    const answer=await fetch('/hosted',{method:'POST',body,headers:{accept:'application/json'}});
    const said=await answer.json();
    if(!answer.ok)return refuse(said.field,said.message);
    const{token,brand,last4}=said,taken=document.createElement('p');
    taken.textContent=named(brand)+' ending in '+last4;
    const shown=document.createElement('code');
    shown.textContent=token;
    form.replaceWith(taken,...(parent===window?[shown]:[]));
    error.textContent='';
    tell('token',{token,brand,last4});
  }catch{refuse('','The card could not be sent. Try again.')}
});
addEventListener('message',({data,source})=>{if(source===parent&&data?.type==='florin.simulator.submit')form.requestSubmit()});
new ResizeObserver(()=>tell('height',{height:document.documentElement.offsetHeight})).observe(document.documentElement);`;

export const POLICY = [
  "default-src 'none'",
  `style-src '${source(STYLE)}'`,
  `script-src '${source(TOKEN_SCRIPT)}' '${source(FORM_SCRIPT)}'`,
  "connect-src 'self'",
  "base-uri 'none'",
].join('; ');

/** What is wrong with a field of the form. */
export interface Refused {
  readonly field: 'number' | 'expiry' | 'cvc';
  readonly message: string;
}

export function cardForm(refused?: Refused): string {
  const at = (field: Refused['field']): string =>
    `id="${field}" name="${field}" aria-describedby="error" required${refused?.field === field ? ' aria-invalid="true" autofocus' : ''}`;
  return `<h1>Card</h1><p class="soft">A simulator: test cards only, nothing is charged.</p>
<p class="error" id="error" role="alert">${refused?.message ?? ''}</p>
<form method="post" action="/hosted" autocomplete="off">
<label for="number">Card number</label><input ${at('number')} inputmode="numeric" maxlength="23" placeholder="4242 4242 4242 4242">
<div class="pair"><div><label for="expiry">Expiry (MM/YY)</label><input ${at('expiry')} maxlength="7" placeholder="12/34"></div>
<div><label for="cvc">Security code</label><input ${at('cvc')} inputmode="numeric" maxlength="4" placeholder="123"></div></div>
<button>Use this card</button></form>
<script>${FORM_SCRIPT}</script>`;
}

export function tokenPage(token: string, { brand, last4 }: Card): string {
  return `<h1>Card</h1><p>${named(brand)} ending in ${last4}</p>
<p><code id="token" data-token="${token}" data-brand="${brand}" data-last4="${last4}">${token}</code></p>
<script>${TOKEN_SCRIPT}</script>`;
}

export function challengePage({ reference, asked, currency, brand, last4 }: Payment): string {
  const action = `/challenge/${paymentId(reference)}`;
  return `<h1>Is it you?</h1>
<p class="soft">A simulator: here the payer’s bank would ask for a code, or for a look at its app.</p>
<dl><dt>Amount</dt><dd><strong>${decimalOf(asked, currency)} ${currency}</strong></dd>
<dt>Card</dt><dd>${named(brand)} ending in ${last4}</dd></dl>
<form method="post" action="${action}/complete"><button>Complete</button></form>
<form method="post" action="${action}/fail"><button class="other">Fail</button></form>`;
}

/** For whoever comes again to what is over, or never was. */
export function notOpenPage(payment: Payment | undefined): string {
  const back = payment?.returnUrl ?? '';
  const way = /^https?:/.test(back) ? `<p><a href="${escaped(back)}">Back to where you came from</a>` : '';
  return `<h1>Nothing to do here</h1><p>No challenge is open here.</p>${way}`;
}

export function page(main: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Payment simulator</title><style>${STYLE}</style></head><body><main>${main}</main></body></html>`;
}

function named(brand: string): string {
  return brand.charAt(0).toUpperCase() + brand.slice(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** How a content security policy names an inline text. */
function source(text: string): string {
  return `sha256-${hash('sha256', text, 'base64')}`;
}
