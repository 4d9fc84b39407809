/* The editors of parameters, by name. A page draws a parameter with the editor that its field names (metadata "editor"):

     const handle = Editors.mount('table', element, value, context);
     Editors.has('table')

   element  an empty place; the editor fills it and leaves nothing outside it
   value    the parameter as JSON; the editor keeps its own copy and never touches this one
   context  language    "en" or "zh"
            features    what rules may read: [{name, title, group, kind: "number" | "text" | "flag" | "date", unit, unit_title,
                        values: [{key, title, step}] or null, ordered, nullable, minimum, maximum, step}]
            currency    code of the business currency
            labels      {output name: [{key, title, step}]} of the policy itself
            limits      what the parameter allows: {inputs: [features], outputs: [names], hit_policies: [names]}, or nothing
            changed     called with the new value after every change that a person made
            check       value -> promise of {faults, findings, hits, customers}; asked when the person pauses. Optional
            undo        takes a step back, where the page itself undoes; otherwise Ctrl+Z works inside the editor
            start       a value to begin with where there is none; labelled `start_title`
            readonly    true shows without editing
   handle   value()     the present value
            update(more)  {value, faults, findings, hits, features, ...}: what the page learnt meanwhile
            focus(place)  go to a place of the value: "row 3", "rows[2]", "all[1].value"
            destroy()

   A faulty value is never repaired behind somebody's back: what the editor cannot draw is edited as text. */
(function () {
  'use strict';
  const known = new Map();
  const Editors = window.Editors = window.Editors || {};
  Editors.register = (name, editor) => known.set(name, editor);
  Editors.has = name => known.has(name);
  Editors.mount = (name, element, value, context) => {
    const editor = known.get(name);
    if (!editor) throw new Error('no editor is called ' + name);
    return editor.mount(element, value, context || {});
  };
})();
