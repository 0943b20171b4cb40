(** Results of a program as sums in which equal parts cancel, where they do.

    An estimate's error is the difference of two next states, and what is added to both drops out of it;
    bounds of the two states know less.  So a program gets its results again, as rows over those of its
    values that are no sums: their linear normal forms ([LinearForms.v]).  Which results get one
    ([cancels]) needs no proof.  In words: [proofs/theory/L-DIFF.md], section 1. *)
From Coq Require Import Reals QArith Qreals Qabs List Lra Lia Bool Arith.
From Certify Require Import Language Scalars Inline LinearForms.
Import ListNotations.
Local Open Scope R_scope.

(** * Where a value is *)

(** Which vector, counted back, and which component. *)
Notation spot := (nat * nat)%type.
Fixpoint component (j : nat) (js : list nat) : option nat :=
  match js with
  | [] => None
  | i :: js => if Nat.eqb i j then Some O else option_map S (component j js)
  end.
Fixpoint spot_of (j : nat) (tab : table) : option spot :=
  match tab with
  | [] => None
  | js :: tab =>
    match component j js with
    | Some i => Some (O, i)
    | None => option_map (fun ki => (S (fst ki), snd ki)) (spot_of j tab)
    end
  end.
Definition value_in (e : list vector) (ki : spot) : scalar := nth (snd ki) (nth (fst ki) e []) None.

Lemma component_ok (f : nat -> scalar) j js : forall i, component j js = Some i -> nth i (map f js) None = f j.
Proof.
  induction js as [|k js IH]; intros i H; simpl in H; [discriminate|]. destruct (Nat.eqb_spec k j) as [->|N].
  - now inversion H.
  - destruct (component j js); inversion H; subst. simpl. auto.
Qed.
Lemma spot_of_ok x u s e tab j : represents x u s e tab -> forall ki, spot_of j tab = Some ki ->
  value_in e ki = get (values x u s) j.
Proof.
  induction 1 as [|v js e tab [-> _] R IH]; intros ki H; simpl in H; [discriminate|].
  destruct (component j js) as [i|] eqn:C.
  - inversion H; subst. now apply component_ok.
  - destruct (spot_of j tab) as [[k i]|]; inversion H; subst. exact (IH (k, i) eq_refl).
Qed.

(** * A row of values, after a program *)

Record sum := Sum { spots : list spot; weights : list Q; offset : Q }.
Definition sum_value (e : list vector) (s : sum) : scalar := dot (weights s) (map (value_in e) (spots s)) (Q2R (offset s)).

(** With [n] vectors more than those that the spots are counted in. *)
Definition fetched (n : nat) (l : list spot) : list (node Q) := mapi_from n (fun r ki => Index (r + fst ki) (snd ki)) l.
Definition written (n : nat) (s : sum) : list (node Q) :=
  fetched n (spots s) ++ [Stack (rev (seq 0 (length (spots s)))); Affine [(weights s, offset s)] 0].

Lemma run_app x t p : forall q e, run x t (p ++ q) e = run x t q (run x t p e).
Proof. induction p; intros; simpl; auto. Qed.
Lemma run_older x t p : forall e, exists a, run x t p e = a ++ e /\ length a = length p.
Proof.
  induction p as [|n p IH]; intros e; [now exists []|]. simpl. destruct (IH (evaluate x (t (length e)) e n :: e)) as [a [-> L]].
  exists (a ++ [evaluate x (t (length e)) e n]). now rewrite app_length, Nat.add_1_r, L, <- app_assoc.
Qed.

Lemma fetched_ok x t e l : forall a, run x t (fetched (length a) l) (a ++ e) = rev (map (fun ki => [value_in e ki]) l) ++ a ++ e.
Proof.
  induction l as [|ki l IH]; intros a; [reflexivity|]. cbn [fetched mapi_from run map rev].
  replace (evaluate x _ (a ++ e) (Index (length a + fst ki) (snd ki))) with [value_in e ki].
  - rewrite <- app_assoc. exact (IH ([value_in e ki] :: a)).
  - cbn [evaluate]. unfold value_in. now rewrite app_nth2_plus.
Qed.
Lemma backwards {A} (d : A) l : forall e, map (fun k => nth k (rev l ++ e) d) (rev (seq 0 (length l))) = l.
Proof.
  induction l as [|a l IH]; intros e; [reflexivity|]. cbn [length rev]. rewrite seq_S, rev_app_distr. simpl.
  rewrite <- !app_assoc. f_equal; [|apply IH]. rewrite app_nth2; rewrite rev_length; [|lia]. now rewrite Nat.sub_diag.
Qed.
Lemma written_ok x t e s a : nth 0 (run x t (written (length a) s) (a ++ e)) [] = [sum_value e s].
Proof.
  unfold written. rewrite run_app, fetched_ok. cbn [run evaluate nth map fst snd]. do 2 f_equal. unfold sum_value. f_equal.
  transitivity (map (hd None) (map (fun k => nth k (rev (map (fun ki => [value_in e ki]) (spots s)) ++ a ++ e) [])
    (rev (seq 0 (length (spots s)))))); [now rewrite map_map|].
  replace (length (spots s)) with (length (map (fun ki => [value_in e ki]) (spots s))) by apply map_length.
  rewrite backwards, map_map. reflexivity.
Qed.

(** * Several of them *)

(** The program, and how many of its nodes there are when each result is there. *)
Fixpoint all_written (n : nat) (l : list (option sum)) : list (node Q) * list (option nat) :=
  match l with
  | [] => ([], [])
  | None :: l => let (q, ends) := all_written n l in (q, None :: ends)
  | Some s :: l =>
    let p := written n s in
    let m := (n + length p)%nat in
    let (q, ends) := all_written m l in (p ++ q, Some m :: ends)
  end.
Definition ended (all : list vector) (e : list vector) (n : nat) (s : option sum) (m : option nat) : Prop :=
  match s, m with
  | Some s, Some m => (m <= n)%nat /\ nth (n - m) all [] = [sum_value e s]
  | None, None => True
  | _, _ => False
  end.
Lemma all_written_ok x t e l : forall a q ends, all_written (length a) l = (q, ends) ->
  Forall2 (ended (run x t q (a ++ e)) e (length a + length q)) l ends.
Proof.
  induction l as [|[s|] l IH]; intros a q ends H; cbn [all_written] in H.
  - inversion H. constructor.
  - destruct (run_older x t (written (length a) s) (a ++ e)) as [b [B Lb]].
    pose proof (written_ok x t e s a) as W. rewrite B in W.
    replace (length a + length (written (length a) s))%nat with (length (b ++ a)) in H by (rewrite app_length; lia).
    destruct (all_written _ l) as [q' ends'] eqn:E. inversion H; subst; clear H. specialize (IH _ _ _ E).
    rewrite run_app, B, app_assoc. rewrite app_length, <- Lb.
    replace (length (b ++ a) + length q')%nat with (length a + (length b + length q'))%nat in IH by (rewrite app_length; lia).
    constructor; [|exact IH]. rewrite app_length. split; [lia|].
    destruct (run_older x t q' ((b ++ a) ++ e)) as [c [-> Lc]]. rewrite <- !app_assoc.
    replace (_ - _)%nat with (length c + 0)%nat by lia. now rewrite app_nth2_plus.
  - destruct (all_written _ l) as [q' ends'] eqn:E. inversion H; subst. constructor; [exact I|]. now apply IH.
Qed.

(** * The results of a program *)

(** With no signs, so that nothing cancels. *)
Definition unsigned (o : operation) : operation :=
  match o with
  | OConst q => OConst (Qabs q)
  | ONeg a => ORow [1%Q] [a] 0
  | OSub a b => OAdd a b
  | ORow row args bias => ORow (map Qabs row) args (Qabs bias)
  | _ => o
  end.
(** Whether a form is less than that without signs. *)
Fixpoint cancels (f g : list (nat * Q)) : bool :=
  match f, g with
  | [], [] => false
  | (i, c) :: f, (j, d) :: g => negb (Nat.eqb i j && Qeq_bool (Qabs c) d) || cancels f g
  | _, _ => true
  end.
Definition sum_of (tab : table) (f : form) : option sum :=
  match all_some (map (fun jc => spot_of (fst jc) tab) (terms f)) with
  | Some l => Some (Sum l (map snd (terms f)) (constant f))
  | None => None
  end.
Definition sums_of (p : list (node Q)) (outs : list nat) : list (option sum) :=
  match scalars p [] [] with
  | None => map (fun _ => None) outs
  | Some (s, tab) =>
    let fs := forms [] s in
    let gs := forms [] (map unsigned s) in
    map (fun k =>
      match nth k tab [] with
      | j :: _ => if cancels (terms (form_at fs j)) (terms (form_at gs j)) then sum_of tab (form_at fs j) else None
      | [] => None
      end) outs
  end.

(** What to add to a program, and where its results are then, twice if they are there again. *)
Definition regrouped (p : list (node Q)) (outs : list nat) : list (node Q) * list (nat * option nat) :=
  let (q, ends) := all_written 0 (sums_of p outs) in
  (q, combine (map (fun k => length q + k)%nat outs) (map (option_map (fun m => length q - m)%nat) ends)).

Lemma sum_of_ok x u s e tab f r : represents x u s e tab -> sum_of tab f = Some r -> forall v,
  sum_value e r = Some v -> v = form_value (values x u s) f.
Proof.
  unfold sum_of. intros R H v V. destruct (all_some _) as [l|] eqn:A; [|discriminate]. inversion H; subst r; clear H.
  apply all_some_ok in A. unfold sum_value in V. cbn [spots weights offset] in V.
  apply (form_row_ok x u s 0 f v). unfold form_row. cbn [operate]. rewrite <- V. f_equal.
  clear V. revert l A. induction (terms f) as [|[j c] t IH]; intros [|ki l] A; simpl in A |- *; try discriminate; auto.
  inversion A as [[A1 A2]]. rewrite (IH l A2). f_equal. symmetry. now apply (spot_of_ok x u s e tab j R).
Qed.
Lemma sums_of_ok x t p outs : let e := run x t p [] in Forall2 (fun s k => forall r v w, s = Some r ->
  hd None (nth k e []) = Some v -> sum_value e r = Some w -> v = w) (sums_of p outs) outs.
Proof.
  cbv zeta. unfold sums_of. destruct (scalars p [] []) as [[s tab]|] eqn:S.
  - set (u := fun _ : nat => 0). destruct (scalars_ok x t u p [] [] s tab [] S (Forall2_nil _)) as [_ R].
    cbv zeta. induction outs as [|k outs IH]; simpl; constructor; auto. intros r v w E V W.
    destruct (represents_nth x u s _ tab k R) as [N _]. destruct (nth k tab []) as [|j js]; [discriminate|].
    destruct (cancels _ _); [|discriminate]. rewrite N in V. simpl in V.
    rewrite (sum_of_ok x u s _ tab _ r R E w W). apply (forms_ok x u s []); auto; [|apply extends_refl].
    intros i' j' v' H. destruct i'; discriminate.
  - induction outs; simpl; constructor; auto. discriminate.
Qed.

Theorem regrouped_ok x t p outs q results : regrouped p outs = (q, results) ->
  let all := run x t (p ++ q) [] in
  map (fun r => hd None (nth (fst r) all [])) results = map (fun k => hd None (nth k (run x t p []) [])) outs /\
  forall k m v w, In (k, Some m) results -> hd None (nth k all []) = Some v -> hd None (nth m all []) = Some w -> v = w.
Proof.
  cbv zeta. unfold regrouped. set (e := run x t p []). pose proof (sums_of_ok x t p outs) as S. cbv zeta in S. fold e in S.
  destruct (all_written 0 (sums_of p outs)) as [q' ends] eqn:E. intros H. inversion H; subst q' results; clear H.
  pose proof (all_written_ok x t e _ [] q ends E) as W. cbn [app length Nat.add] in W. rewrite run_app. fold e.
  assert (Old : forall k, nth (length q + k) (run x t q e) [] = nth k e []).
  { intros k. destruct (run_older x t q e) as [a [-> <-]]. apply app_nth2_plus. }
  clear E. revert S W. generalize (sums_of p outs). intros all S W. revert outs S. induction W as [|s m sums ends D W IH]; intros outs S; inversion S as [|? k ? outs' T S']; subst; clear S.
  - simpl. split; auto. intros ? ? ? ? [].
  - destruct (IH outs' S') as [IH1 IH2]. cbn [map combine fst]. split; [now rewrite Old, IH1|].
    intros k' m' v w [I|I] V V'; [|now apply (IH2 k' m')]. inversion I as [[Ik Im]]; subst k'; clear I.
    destruct m as [m|]; [|discriminate]. inversion Im; subst m'; clear Im. destruct s as [s|]; [|destruct D].
    destruct D as [_ D]. rewrite D in V'. rewrite Old in V. simpl in V'. now apply (T s v w).
Qed.
