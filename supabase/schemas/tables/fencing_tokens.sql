-- Fencing tokens. The sequence is never reset, so tokens keep rising after their rows are deleted. Without a cache no
-- session draws tokens in advance, so they rise in the order in which they are drawn.
create sequence public.editai_fencing_tokens cache 1;
