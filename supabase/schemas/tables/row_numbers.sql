-- Numbers rows in the order in which they are created, whatever the clock does: a clock may go back, a sequence never does.
-- "Newest" and the positions of lists come from it. Rows from before it have the number 0, and among them created_at
-- decides, as it did then; so no row had to be rewritten.
create sequence public.editai_row_numbers cache 1;
