-- Tells whether a text is a name that people may be shown: of a project, a clip or a source's file. It has 1 to 200
-- characters, one of them visible, no space at either end, no control characters and no invisible marks of direction.
-- The same rule is shared/names.py, which the library applies first; a test compares the two for every character.
-- Called by the checks of tables.
create function public.editai_is_name(p_name text) returns boolean
language sql immutable parallel safe security invoker set search_path = '' as $$
  select char_length(p_name) between 1 and 200
    and p_name !~ '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]'
    and p_name ~ '[^ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]'
    and p_name !~ '^[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]|[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
$$;
