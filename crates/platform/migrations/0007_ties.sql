-- What operations leave behind for those that follow.
--   whole   the subscription's operations have created the row, and nobody else has written it since
--   leaves  the objects ([code, id]) that the row of an operation which was not carried out was to leave, and still has
ALTER TABLE operation
  ADD whole  bool NOT NULL DEFAULT false,
  ADD leaves jsonb;
