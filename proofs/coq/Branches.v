(** That the fall of V is positive, by the branches of a kink that its sum steps over.

    In words: [proofs/theory/L-DIFF.md], section 5.  From a number an increment [g t - g s] of relu or |.|
    is subtracted; it is at most [k t - j s], where [k] is the slope of [g] at [t] and [j] any slope. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline Rays ExactValues Quotients LinearForms.
Import ListNotations.
Local Open Scope R_scope.

(** ** The operations of a program *)

Definition operation_at (p : list operation) (j : nat) : operation := nth (length p - S j) p (OConst 0).

Lemma operation_at_ok z u p j g s d : operation_at p j = OIncrement g s d ->
  forall v, get (values z u p) j = Some v ->
  exists a b, get (values z u p) s = Some a /\ get (values z u p) d = Some b /\ increment g a b = Some v.
Proof.
  unfold operation_at. induction p as [|o p IH]; intros O v V; [now apply get_some in V|].
  pose proof (get_some _ _ _ _ _ V) as L. cbn [length] in L, O.
  assert (Up : forall i a, get (values z u p) i = Some a -> get (values z u (o :: p)) i = Some a).
  { intros i a A. rewrite (get_extends z u p (o :: p)); auto using extends_put. now apply (get_some _ _ _ _ _ A). }
  destruct (Nat.eq_dec j (length p)) as [->|N].
  - rewrite Nat.sub_diag in O. cbn [nth] in O. subst o. rewrite get_put in V. cbn [operate] in V.
    destruct (lift2_some _ _ _ _ V) as [a [b [A [B E]]]]. exists a, b. auto.
  - replace (S (length p) - S j)%nat with (S (length p - S j)) in O by lia. cbn [nth] in O.
    rewrite (get_extends z u p (o :: p)) in V by (auto using extends_put; lia).
    destruct (IH O v V) as [a [b [A [B E]]]]. exists a, b. auto.
Qed.

(** ** Slopes *)

Definition kink_slopes (g : fn) : option (Q * Q) :=
  match g with Abs => Some (1, -1)%Q | Relu => Some (1, 0)%Q | _ => None end.

Lemma kink_slopes_ok g k1 k2 : kink_slopes g = Some (k1, k2) ->
  forall a b v, increment g a b = Some v ->
  (forall j, j = k1 \/ j = k2 -> v <= Q2R k1 * (a + b) - Q2R j * a) \/
  (forall j, j = k1 \/ j = k2 -> v <= Q2R k2 * (a + b) - Q2R j * a).
Proof.
  intros K a b v V. unfold increment, call in V.
  destruct g; try discriminate; injection K as <- <-; simpl in V; injection V as <-.
  - destruct (Rle_dec 0 (a + b)); [left|right]; intros j [->| ->]; rewrite ?Q2R_one, ?Q2R_zero;
      unfold Rmax; repeat destruct Rle_dec; lra.
  - destruct (Rle_dec 0 (a + b)); [left|right]; intros j [->| ->]; rewrite ?Q2R_one, ?Q2R_m1;
      unfold Rabs; repeat destruct Rcase_abs; lra.
Qed.

(** ** Sums with a branch in place of an increment *)

(** The increment [i] of [s] by [d] counts [q] times; what it is replaced by is [(k - j) s + k d]. *)
Definition add_term (i : nat) (c : Q) (l : list (nat * Q)) : list (nat * Q) := if is_zero c then l else insert i c l.
Definition on_branch (f : form) (i s d : nat) (q k j : Q) : form :=
  Form (add_term s (Qred (q * (k - j))) (add_term d (Qred (q * k)) (insert i (- q)%Q (terms f)))) (constant f).

Lemma add_term_value m i c l : terms_value m (add_term i c l) = Q2R c * total m i + terms_value m l.
Proof.
  unfold add_term. destruct (is_zero c) eqn:Z; [|apply insert_value]. rewrite (is_zero_ok c Z). ring.
Qed.
Lemma on_branch_value m f i s d q k j : form_value m (on_branch f i s d q k j) =
  form_value m f - Q2R q * total m i + Q2R q * ((Q2R k - Q2R j) * total m s + Q2R k * total m d).
Proof.
  unfold form_value, on_branch. cbn [terms constant]. rewrite !add_term_value, insert_value, !Q2R_red, !Q2R_mult, Q2R_opp, Q2R_minus.
  ring.
Qed.

(** Which terms of a sum are replaced: increments over kinks that are subtracted, of what is not linear. *)
Record kink := Kink { at_kink : nat; from_kink : nat; by_kink : nat; times_kink : Q; slopes_kink : Q * Q }.
Definition is_variable (p : list operation) (jc : nat * Q) : bool :=
  match operation_at p (fst jc) with OVar _ => true | _ => false end.
Definition kink_of (p : list operation) (fs : list form) (jc : nat * Q) : list kink :=
  match operation_at p (fst jc) with
  | OIncrement g s d =>
    match kink_slopes g with
    | Some ks =>
      if negb (Qle_bool 0 (snd jc)) && negb (forallb (is_variable p) (terms (form_at fs s)))
      then [Kink (fst jc) s d (snd jc) ks] else []
    | None => []
    end
  | _ => []
  end.
Definition most_kinks : nat := 4.
Definition kinks_of (p : list operation) (fs : list form) (f : form) : list kink :=
  firstn most_kinks (flat_map (kink_of p fs) (terms f)).
Definition branch_of (f : form) (e : kink) (k j : Q) : form :=
  on_branch f (at_kink e) (from_kink e) (by_kink e) (times_kink e) k j.

Theorem branches_ok z u p i v e : let fs := forms [] p in let f := form_at fs i in let m := values z u p in
  get m i = Some v -> In e (kinks_of p fs f) -> (exists w, get m (at_kink e) = Some w) ->
  (forall k, k = fst (slopes_kink e) \/ k = snd (slopes_kink e) ->
    exists j, (j = fst (slopes_kink e) \/ j = snd (slopes_kink e)) /\ 0 < form_value m (branch_of f e k j)) ->
  0 < v.
Proof.
  intros fs f m V I [w W] H.
  assert (Fv : v = form_value m f).
  { apply (forms_ok z u p [] ltac:(intros [|k] j' v' E; discriminate) p (extends_refl p) i v V). }
  assert (Ie : In e (flat_map (kink_of p fs) (terms f))).
  { unfold kinks_of in I. rewrite <- (firstn_skipn most_kinks (flat_map _ _)). apply in_or_app. now left. }
  clear I. apply in_flat_map in Ie. destruct Ie as [[i' q] [_ Ie]]. unfold kink_of in Ie. cbn [fst snd] in Ie.
  destruct (operation_at p i') as [| | | | | | | | | | | |g s d|] eqn:O; try contradiction.
  destruct (kink_slopes g) as [[k1 k2]|] eqn:K; [|contradiction].
  destruct (negb (Qle_bool 0 q) && _) eqn:C; [|contradiction]. destruct Ie as [<-|[]].
  apply andb_prop in C; destruct C as [C _]. unfold branch_of in H.
  cbn [at_kink from_kink by_kink times_kink slopes_kink fst snd] in *.
  assert (Nq : Q2R q < 0).
  { apply negb_true_iff in C. rewrite <- Q2R_zero. apply Qlt_Rlt. apply Qnot_le_lt. intros L.
    apply Qle_bool_iff in L. congruence. }
  destruct (operation_at_ok z u p i' g s d O w W) as [a [b [A [B E]]]].
  change (values z u p) with m in A, B.
  assert (Ts : total m s = a) by (unfold total; now rewrite A).
  assert (Td : total m d = b) by (unfold total; now rewrite B).
  assert (Ti : total m i' = w) by (unfold total; now rewrite W).
  assert (Case : forall k, (forall j, j = k1 \/ j = k2 -> w <= Q2R k * (a + b) - Q2R j * a) ->
    (exists j, (j = k1 \/ j = k2) /\ 0 < form_value m (on_branch f i' s d q k j)) -> 0 < v).
  { intros k Le [j [J P]]. rewrite on_branch_value, Ts, Td, Ti, <- Fv in P. specialize (Le j J). nra. }
  destruct (kink_slopes_ok g k1 k2 K a b w E) as [Le|Le]; [apply (Case k1)|apply (Case k2)]; auto.
Qed.
